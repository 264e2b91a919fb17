// JPEG from memory, through libjpeg.
#include "CCodecs.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <jerror.h>

// A block of 64 samples costs at least one bit in a Huffman-coded file; a header that claims more pixels is lying.
enum { PIXELS_PER_BYTE = 8 * 64 };

// Encoders write about ten scans; a file of thousands costs hours.
enum { MOST_SCANS = 200 };

struct jpeg_source {
  struct jpeg_decompress_struct codec;
  struct jpeg_error_mgr errors;
  struct jpeg_source_mgr input;
  struct jpeg_progress_mgr progress;
  picture_shape shape;
  uint8_t *row;  // of CMYK samples
  bool no_memory;
  jmp_buf jump;
  char *message;  // of the call under way
};

static void on_error(j_common_ptr codec) {
  jpeg_source *source = codec->client_data;
  char text[JMSG_LENGTH_MAX];
  codec->err->format_message(codec, text);
  snprintf(source->message, CODEC_MESSAGE_SIZE, "%s", text);
  source->no_memory = codec->err->msg_code == JERR_OUT_OF_MEMORY;
  longjmp(source->jump, 1);
}

// Damaged pixels come as warnings. What many published files get wrong and what costs no pixel is let pass.
static void on_message(j_common_ptr codec, int level) {
  if (level >= 0) return;
  switch (codec->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA: case JWRN_ADOBE_XFORM: case JWRN_JFIF_MAJOR: case JWRN_BOGUS_PROGRESSION: return;
    default: on_error(codec);
  }
}

static void on_no_output(j_common_ptr codec) { (void)codec; }
static void on_source(j_decompress_ptr codec) { (void)codec; }

static boolean on_more_input(j_decompress_ptr codec) {
  jpeg_source *source = codec->client_data;
  snprintf(source->message, CODEC_MESSAGE_SIZE, "the file ends too early");
  longjmp(source->jump, 1);
}

static void on_skip(j_decompress_ptr codec, long count) {
  if (count <= 0) return;
  if ((size_t)count > codec->src->bytes_in_buffer) on_more_input(codec);
  codec->src->next_input_byte += count;
  codec->src->bytes_in_buffer -= (size_t)count;
}

static void on_progress(j_common_ptr common) {
  jpeg_source *source = common->client_data;
  if (source->codec.input_scan_number <= MOST_SCANS) return;
  snprintf(source->message, CODEC_MESSAGE_SIZE, "it has more than %d scans", MOST_SCANS);
  longjmp(source->jump, 1);
}

static codec_status failure(const jpeg_source *source) { return source->no_memory ? CODEC_NO_MEMORY : CODEC_DAMAGED; }

// Everything between setjmp and a possible longjmp lives in `source`, which belongs to the caller.
static codec_status read_header(jpeg_source *source, const uint8_t *bytes, size_t count) {
  if (setjmp(source->jump)) return failure(source);
  struct jpeg_decompress_struct *codec = &source->codec;
  codec->err = jpeg_std_error(&source->errors);
  codec->client_data = source;
  source->errors.error_exit = on_error;
  source->errors.emit_message = on_message;
  source->errors.output_message = on_no_output;
  jpeg_create_decompress(codec);
  source->progress.progress_monitor = on_progress;
  codec->progress = &source->progress;
  source->input = (struct jpeg_source_mgr){
    .next_input_byte = bytes, .bytes_in_buffer = count, .init_source = on_source, .fill_input_buffer = on_more_input,
    .skip_input_data = on_skip, .resync_to_restart = jpeg_resync_to_restart, .term_source = on_source,
  };
  codec->src = &source->input;
  jpeg_save_markers(codec, JPEG_APP0 + 1, 0xffff);
  jpeg_read_header(codec, TRUE);

  source->shape = (picture_shape){codec->image_width, codec->image_height, codec->jpeg_color_space == JCS_GRAYSCALE ? 1 : 3};
  codec_status status = check_picture_shape(source->shape, source->message);
  if (status != CODEC_OK) return status;
  if (!codec->arith_code && (uint64_t)codec->image_width * codec->image_height / PIXELS_PER_BYTE > count) on_more_input(codec);
  bool four = codec->jpeg_color_space == JCS_CMYK || codec->jpeg_color_space == JCS_YCCK;
  codec->out_color_space = four ? JCS_CMYK : source->shape.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  return CODEC_OK;
}

codec_status open_jpeg(jpeg_source **out, picture_shape *shape, const uint8_t *bytes, size_t count, char *message) {
  *out = NULL;
  message[0] = 0;
  if (count < 3 || memcmp(bytes, "\xff\xd8\xff", 3)) return CODEC_OTHER_FORMAT;
  jpeg_source *source = calloc(1, sizeof *source);
  if (!source) return CODEC_NO_MEMORY;
  source->message = message;
  codec_status status = read_header(source, bytes, count);
  if (status == CODEC_OK) {
    *shape = source->shape;
    *out = source;
  } else {
    close_jpeg(source);
  }
  return status;
}

static uint8_t scaled(uint8_t a, uint8_t b) {
  unsigned product = (unsigned)a * b + 128;
  return (uint8_t)((product + (product >> 8)) >> 8);
}

// As Pillow's convert("RGB"): R = (255 − K) − C · (255 − K) / 255. Adobe's files hold 255 − C, …, 255 − K.
static void convert_cmyk(uint8_t *rgb, const uint8_t *cmyk, size_t width, bool inverted) {
  uint8_t flip = inverted ? 255 : 0;
  for (size_t x = 0; x < width; x++) {
    uint8_t rest = 255 - (cmyk[4 * x + 3] ^ flip);
    for (int i = 0; i < 3; i++) rgb[3 * x + i] = rest - scaled(cmyk[4 * x + i] ^ flip, rest);
  }
}

codec_status read_jpeg(jpeg_source *source, uint8_t *pixels, char *message) {
  message[0] = 0;
  source->message = message;
  struct jpeg_decompress_struct *codec = &source->codec;
  if (setjmp(source->jump)) return failure(source);
  jpeg_start_decompress(codec);
  size_t width = source->shape.width, stride = width * source->shape.channels;
  bool four = codec->out_color_space == JCS_CMYK;
  if (four && !(source->row = malloc(4 * width))) return CODEC_NO_MEMORY;
  while (codec->output_scanline < codec->output_height) {
    uint8_t *into = pixels + codec->output_scanline * stride;
    JSAMPROW row = four ? source->row : into;
    jpeg_read_scanlines(codec, &row, 1);
    if (four) convert_cmyk(into, source->row, width, codec->saw_Adobe_marker);
  }
  jpeg_finish_decompress(codec);
  return CODEC_OK;
}

size_t jpeg_segment_count(const jpeg_source *source) {
  size_t count = 0;
  for (jpeg_saved_marker_ptr marker = source->codec.marker_list; marker; marker = marker->next) count++;
  return count;
}

byte_span jpeg_segment_at(const jpeg_source *source, size_t index) {
  jpeg_saved_marker_ptr marker = source->codec.marker_list;
  while (marker && index--) marker = marker->next;
  return marker ? (byte_span){marker->data, marker->data_length} : (byte_span){0};
}

void close_jpeg(jpeg_source *source) {
  if (!source) return;
  jpeg_destroy_decompress(&source->codec);
  free(source->row);
  free(source);
}
