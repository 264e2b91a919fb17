// JPEG into memory or a file, through libjpeg.
#include "CCodecs.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <jerror.h>

_Static_assert(JPEG_MAX_SIDE == JPEG_MAX_DIMENSION, "the limit that people are told of is libjpeg's");

enum { CHUNK = 1 << 16, APP1 = JPEG_APP0 + 1 };

typedef struct jpeg_sink {
  struct jpeg_compress_struct codec;
  struct jpeg_error_mgr errors;
  struct jpeg_destination_mgr output;
  byte_buffer *out;
  uint8_t chunk[CHUNK];
  bool no_room, no_memory;
  jmp_buf jump;
  char *message;
} jpeg_sink;

static void on_error(j_common_ptr codec) {
  jpeg_sink *sink = codec->client_data;
  char text[JMSG_LENGTH_MAX];
  codec->err->format_message(codec, text);
  snprintf(sink->message, CODEC_MESSAGE_SIZE, "%s", text);
  sink->no_memory = codec->err->msg_code == JERR_OUT_OF_MEMORY;
  longjmp(sink->jump, 1);
}

static void on_message(j_common_ptr codec, int level) { (void)codec, (void)level; }
static void on_no_output(j_common_ptr codec) { (void)codec; }

static void restart(jpeg_sink *sink) {
  sink->output.next_output_byte = sink->chunk;
  sink->output.free_in_buffer = CHUNK;
}

static void pass_on(jpeg_sink *sink, size_t count) {
  if (append_bytes(sink->out, sink->chunk, count)) return restart(sink);
  sink->no_room = true;
  longjmp(sink->jump, 1);
}

static void on_start(j_compress_ptr codec) { restart(codec->client_data); }

static boolean on_full(j_compress_ptr codec) {
  pass_on(codec->client_data, CHUNK);
  return TRUE;
}

static void on_end(j_compress_ptr codec) {
  jpeg_sink *sink = codec->client_data;
  pass_on(sink, CHUNK - sink->output.free_in_buffer);
}

static void choose_style(struct jpeg_compress_struct *codec, jpeg_style style) {
  jpeg_set_defaults(codec);
  jpeg_set_quality(codec, style.quality, TRUE);
  codec->dct_method = JDCT_ISLOW;
  codec->optimize_coding = style.optimized;
  if (style.full_colour && codec->num_components == 3) {
    codec->comp_info[0].h_samp_factor = codec->comp_info[0].v_samp_factor = 1;
  }
}

// Everything between setjmp and a possible longjmp lives in `sink`, which belongs to the caller.
static codec_status write_picture(jpeg_sink *sink, const uint8_t *pixels, picture_shape shape, jpeg_style style,
                                  const byte_span *segments, size_t segment_count) {
  if (setjmp(sink->jump)) return sink->no_room ? append_failure(sink->out) : sink->no_memory ? CODEC_NO_MEMORY : CODEC_DAMAGED;
  struct jpeg_compress_struct *codec = &sink->codec;
  codec->err = jpeg_std_error(&sink->errors);
  codec->client_data = sink;
  sink->errors.error_exit = on_error;
  sink->errors.emit_message = on_message;
  sink->errors.output_message = on_no_output;
  jpeg_create_compress(codec);
  sink->output = (struct jpeg_destination_mgr){
    .init_destination = on_start, .empty_output_buffer = on_full, .term_destination = on_end,
  };
  codec->dest = &sink->output;
  codec->image_width = shape.width;
  codec->image_height = shape.height;
  codec->input_components = (int)shape.channels;
  codec->in_color_space = shape.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  choose_style(codec, style);

  jpeg_start_compress(codec, TRUE);
  for (size_t i = 0; i < segment_count; i++) jpeg_write_marker(codec, APP1, segments[i].bytes, (unsigned)segments[i].count);
  size_t stride = (size_t)shape.width * shape.channels;
  while (codec->next_scanline < codec->image_height) {
    JSAMPROW row = (JSAMPROW)(pixels + codec->next_scanline * stride);
    jpeg_write_scanlines(codec, &row, 1);
  }
  jpeg_finish_compress(codec);
  return flush_bytes(sink->out) ? CODEC_OK : CODEC_UNWRITABLE;
}

codec_status write_jpeg(byte_buffer *out, const uint8_t *pixels, picture_shape shape, jpeg_style style,
                        const byte_span *segments, size_t segment_count, char *message) {
  message[0] = 0;
  jpeg_sink *sink = calloc(1, sizeof *sink);
  if (!sink) return CODEC_NO_MEMORY;
  sink->out = out;
  sink->message = message;
  codec_status status = write_picture(sink, pixels, shape, style, segments, segment_count);
  jpeg_destroy_compress(&sink->codec);
  free(sink);
  return status;
}
