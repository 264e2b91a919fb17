// Picture files as plain C functions. libpng and libjpeg report errors by longjmp: their setjmp and every frame in between
// stay inside this target, and what comes out is a status and a message.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PICTURE_MAX_SIDE 65535
#define PICTURE_MAX_PIXELS 400000000
#define CODEC_MESSAGE_SIZE 200

// The longest sides that libjpeg and libwebp write; the formats themselves stop at 65,535 and 16,383.
#define JPEG_MAX_SIDE 65500
#define WEBP_MAX_SIDE 16383

typedef enum codec_status {
  CODEC_OK,
  CODEC_OTHER_FORMAT,  // the signature is missing: another format, or no picture at all
  CODEC_DAMAGED,       // truncated, a wrong checksum, parts that make no sense
  CODEC_TOO_LARGE,     // beyond PICTURE_MAX_SIDE, PICTURE_MAX_PIXELS or the memory allowed for text
  CODEC_UNSUPPORTED,   // a good file of a kind that is not read, such as an animation
  CODEC_NO_MEMORY,
  CODEC_UNWRITABLE,    // the file that the bytes go to; see byte_buffer.problem
  CODEC_NO_FONT,       // see Canvas.h
} codec_status;

// The shape of the pixels as they are read and written: rows from the top, channels (1: grey, 3: RGB) side by side, 8 bits each.
typedef struct picture_shape {
  uint32_t width, height, channels;
} picture_shape;

// CODEC_TOO_LARGE and a message when a header asks for more than the limits above.
codec_status check_picture_shape(picture_shape shape, char *message);

// Bytes that belong to somebody else.
typedef struct byte_span {
  const uint8_t *bytes;
  size_t count;
} byte_span;

// Bytes that are made: kept here, or written on to an open file whenever a megabyte has come together.
typedef struct byte_buffer {
  uint8_t *bytes;
  size_t count, capacity;
  int file;     // a descriptor, or -1
  int problem;  // errno of a failed write, or 0
} byte_buffer;

#define NO_BYTES ((byte_buffer){.file = -1})

// false when there is no memory, or no room in the file: then `problem` says why.
bool append_bytes(byte_buffer *buffer, const void *bytes, size_t count);
bool flush_bytes(byte_buffer *buffer);  // writes what is left to the file, where there is one
void free_bytes(byte_buffer *buffer);   // the file stays open
codec_status append_failure(const byte_buffer *buffer);

// PNG.

// A picture's metadata: bytes are Latin-1, or UTF-8 where `utf8` says so. Keys are always Latin-1. Neither ends in 0.
typedef struct picture_text {
  const char *key, *value;
  size_t key_length, value_length;
  bool utf8;
} picture_text;

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

// Writing: create, add texts, write, destroy.
typedef struct png_sink png_sink;

png_sink *create_png(void);  // NULL when there is no memory
// Adds a tEXt chunk, or an iTXt one where `text.utf8`; value and key are copied. The caller has checked the key.
codec_status add_png_text(png_sink *sink, picture_text text);
codec_status write_png(png_sink *sink, byte_buffer *out, const uint8_t *pixels, picture_shape shape, char *message);
void destroy_png(png_sink *sink);

// JPEG.

// Reading: open, read, ask for the APP1 segments (EXIF, XMP), close. `bytes` must stay where they are until close_jpeg.
// YCbCr becomes RGB, CMYK becomes RGB as Pillow makes it; colour profiles are not looked at.
typedef struct jpeg_source jpeg_source;

codec_status open_jpeg(jpeg_source **out, picture_shape *shape, const uint8_t *bytes, size_t count, char *message);
codec_status read_jpeg(jpeg_source *source, uint8_t *pixels, char *message);
size_t jpeg_segment_count(const jpeg_source *source);
byte_span jpeg_segment_at(const jpeg_source *source, size_t index);  // valid until close_jpeg
void close_jpeg(jpeg_source *source);

// How a picture is written with loss. quality: 1 to 100.
typedef struct jpeg_style {
  int quality;
  bool full_colour;  // 4:4:4; else colour has half the resolution each way (4:2:0)
  bool optimized;    // Huffman tables of its own, for which all coefficients are held in memory
} jpeg_style;

// Appends a whole file to `out`; each segment becomes an APP1 of at most 65,533 bytes.
codec_status write_jpeg(byte_buffer *out, const uint8_t *pixels, picture_shape shape, jpeg_style style,
                        const byte_span *segments, size_t segment_count, char *message);

// WebP.

// What a file says of itself: its shape (always RGB), and where in `bytes` its metadata are (count 0 where there are none).
typedef struct webp_header {
  picture_shape shape;
  byte_span exif, xmp;
} webp_header;

codec_status open_webp(webp_header *header, const uint8_t *bytes, size_t count, char *message);
// Fills `pixels` (width · height · 3 bytes); alpha is dropped.
codec_status read_webp(const webp_header *header, uint8_t *pixels, const uint8_t *bytes, size_t count, char *message);

// Appends a whole file to `out`. quality: 1 to 100; lossless keeps every pixel and reads quality as effort.
codec_status write_webp(byte_buffer *out, const uint8_t *pixels, picture_shape shape, int quality, bool lossless,
                        byte_span exif, byte_span xmp, char *message);
