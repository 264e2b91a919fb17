// Picture files as plain C functions. libpng reports errors by longjmp: its setjmp and every frame in between stay
// inside this target, and what comes out is a status and a message.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PICTURE_MAX_SIDE 32767
#define PICTURE_MAX_PIXELS 400000000
#define CODEC_MESSAGE_SIZE 200

typedef enum codec_status {
  CODEC_OK,
  CODEC_NOT_PNG,    // the signature is missing: another format, or no picture at all
  CODEC_DAMAGED,    // truncated, a wrong checksum, chunks that make no sense
  CODEC_TOO_LARGE,  // beyond PICTURE_MAX_SIDE, PICTURE_MAX_PIXELS or the memory allowed for text
  CODEC_NO_MEMORY,
} codec_status;

// A picture's metadata: bytes are Latin-1, or UTF-8 where `utf8` says so. Keys are always Latin-1. Neither ends in 0.
typedef struct picture_text {
  const char *key, *value;
  size_t key_length, value_length;
  bool utf8;
} picture_text;

// The shape of the pixels as read_png gives them: rows from the top, channels (1: grey, 3: RGB) side by side, 8 bits each.
typedef struct picture_shape {
  uint32_t width, height, channels;
} picture_shape;

// Reading: open, read, ask for the texts, close. `bytes` must stay where they are until close_png.
// 16-bit samples keep their high byte, palettes become RGB, alpha is dropped.
typedef struct png_source png_source;

// Reads the header. `out` is NULL after any status but CODEC_OK. `message` has room for CODEC_MESSAGE_SIZE bytes.
codec_status open_png(png_source **out, picture_shape *shape, const uint8_t *bytes, size_t count, char *message);
// Fills `pixels` (width · height · channels bytes) and reads the file to its end, so texts behind the pixels are found too.
codec_status read_png(png_source *source, uint8_t *pixels, char *message);
size_t png_text_count(const png_source *source);
picture_text png_text_at(const png_source *source, size_t index);  // valid until close_png
void close_png(png_source *source);

// Writing: create, add texts, write, take the bytes, destroy.
typedef struct png_sink png_sink;

png_sink *create_png(void);  // NULL when there is no memory
// Adds a tEXt chunk, or an iTXt one where `text.utf8`; value and key are copied. The caller has checked the key.
codec_status add_png_text(png_sink *sink, picture_text text);
codec_status write_png(png_sink *sink, const uint8_t *pixels, picture_shape shape, char *message);
const uint8_t *png_bytes(const png_sink *sink, size_t *count);  // valid until destroy_png
void destroy_png(png_sink *sink);
