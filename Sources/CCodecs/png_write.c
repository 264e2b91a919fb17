// PNG into memory or a file, through libpng.
#include "CCodecs.h"
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct png_sink {
  png_structp png;
  png_infop info;
  byte_buffer *out;
  png_textp texts;  // keys and values are owned copies
  size_t text_count, text_capacity;
  bool no_room;
  jmp_buf jump;
  char *message;  // of the call under way
};

static void on_error(png_structp png, png_const_charp what) {
  png_sink *sink = png_get_error_ptr(png);
  snprintf(sink->message, CODEC_MESSAGE_SIZE, "%s", what);
  longjmp(sink->jump, 1);
}

static void on_warning(png_structp png, png_const_charp what) { (void)png, (void)what; }

static void on_write(png_structp png, png_bytep from, size_t count) {
  png_sink *sink = png_get_io_ptr(png);
  if (append_bytes(sink->out, from, count)) return;
  sink->no_room = true;
  png_error(png, "no room");
}

static void on_flush(png_structp png) { (void)png; }

static char *copy(const char *text, size_t length) {
  char *result = malloc(length + 1);
  if (!result) return NULL;
  memcpy(result, text, length);
  result[length] = 0;
  return result;
}

png_sink *create_png(void) { return calloc(1, sizeof(png_sink)); }

codec_status add_png_text(png_sink *sink, picture_text text) {
  if (sink->text_count == sink->text_capacity) {
    size_t capacity = 2 * sink->text_capacity + 4;
    png_textp grown = realloc(sink->texts, capacity * sizeof *grown);
    if (!grown) return CODEC_NO_MEMORY;
    sink->texts = grown;
    sink->text_capacity = capacity;
  }
  char *key = copy(text.key, text.key_length), *value = copy(text.value, text.value_length);
  if (!key || !value) {
    free(key);
    free(value);
    return CODEC_NO_MEMORY;
  }
  sink->texts[sink->text_count++] = (png_text){
    .compression = text.utf8 ? PNG_ITXT_COMPRESSION_NONE : PNG_TEXT_COMPRESSION_NONE,
    .key = key, .text = value,
    .text_length = text.utf8 ? 0 : text.value_length, .itxt_length = text.utf8 ? text.value_length : 0,
  };
  return CODEC_OK;
}

// Everything between setjmp and a possible longjmp lives in `sink`, which belongs to the caller.
static codec_status write_picture(png_sink *sink, const uint8_t *pixels, picture_shape shape) {
  if (setjmp(sink->jump)) return sink->no_room ? append_failure(sink->out) : CODEC_DAMAGED;
  sink->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, sink, on_error, on_warning);
  if (!sink->png) return CODEC_NO_MEMORY;
  sink->info = png_create_info_struct(sink->png);
  if (!sink->info) return CODEC_NO_MEMORY;

  png_set_write_fn(sink->png, sink, on_write, on_flush);
  int type = shape.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB;
  png_set_IHDR(sink->png, sink->info, shape.width, shape.height, 8, type, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_set_text(sink->png, sink->info, sink->texts, (int)sink->text_count);
  png_write_info(sink->png, sink->info);
  size_t stride = (size_t)shape.width * shape.channels;
  for (uint32_t y = 0; y < shape.height; y++) png_write_row(sink->png, pixels + y * stride);
  png_write_end(sink->png, NULL);
  return flush_bytes(sink->out) ? CODEC_OK : CODEC_UNWRITABLE;
}

codec_status write_png(png_sink *sink, byte_buffer *out, const uint8_t *pixels, picture_shape shape, char *message) {
  message[0] = 0;
  sink->message = message;
  sink->out = out;
  codec_status status = write_picture(sink, pixels, shape);
  if (sink->png) png_destroy_write_struct(&sink->png, &sink->info);
  return status;
}

void destroy_png(png_sink *sink) {
  if (!sink) return;
  for (size_t i = 0; i < sink->text_count; i++) {
    free(sink->texts[i].key);
    free(sink->texts[i].text);
  }
  free(sink->texts);
  free(sink);
}
