// PNG from memory, through libpng.
#include "CCodecs.h"
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// All that libpng may allocate for one file: rows and inflation need under 2 MB, the rest is text. The largest workflows take
// a few MB of it; a few kilobytes of compressed text can claim gigabytes.
enum { LIBPNG_MEMORY = 64 << 20 };

// Deflate cannot pack tighter than 1032 to 1; a header that claims more than this is lying.
enum { DEFLATE_LIMIT = 1100 };

struct png_source {
  png_structp png;
  png_infop info;
  const uint8_t *bytes;
  size_t count, position, allocated;
  bool over_budget;
  picture_shape shape;
  jmp_buf jump;
  char *message;  // of the call under way
};

static void on_error(png_structp png, png_const_charp what) {
  png_source *source = png_get_error_ptr(png);
  snprintf(source->message, CODEC_MESSAGE_SIZE, "%s", what);
  longjmp(source->jump, 1);
}

static void on_warning(png_structp png, png_const_charp what) { (void)png, (void)what; }

static void on_read(png_structp png, png_bytep into, size_t count) {
  png_source *source = png_get_io_ptr(png);
  if (count > source->count - source->position) png_error(png, "the file ends too early");
  memcpy(into, source->bytes + source->position, count);
  source->position += count;
}

static png_voidp on_allocate(png_structp png, png_alloc_size_t size) {
  png_source *source = png_get_mem_ptr(png);
  if (size > LIBPNG_MEMORY - source->allocated) {
    source->over_budget = true;
    return NULL;
  }
  source->allocated += size;
  return malloc(size);
}

static void on_free(png_structp png, png_voidp block) {
  (void)png;
  free(block);
}

static codec_status failure(const png_source *source) {
  if (!source->over_budget) return CODEC_DAMAGED;
  snprintf(source->message, CODEC_MESSAGE_SIZE, "its text needs more than %d MB", LIBPNG_MEMORY >> 20);
  return CODEC_TOO_LARGE;
}

// Chunks that change nothing about the pixels or the text, and whose contents may well be wrong in published files.
static void ignore_colour_chunks(png_structp png) {
  static const uint8_t names[] = "iCCP\0cHRM\0gAMA\0sRGB\0sBIT\0bKGD\0hIST\0sPLT\0pHYs\0tIME\0oFFs\0pCAL\0sCAL\0eXIf";
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, names, sizeof names / 5);
}

static void convert_to_8_bit(png_source *source) {
  png_structp png = source->png;
  int type = png_get_color_type(png, source->info);
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
  png_set_strip_16(png);
  png_set_strip_alpha(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, source->info);
}

// Everything between setjmp and a possible longjmp lives in `source`, which belongs to the caller.
static codec_status read_header(png_source *source) {
  if (setjmp(source->jump)) return failure(source);
  png_structp png = source->png;
  png_set_read_fn(png, source, on_read);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_chunk_malloc_max(png, 0);  // LIBPNG_MEMORY is the limit, and it does not drop texts silently
  png_set_chunk_cache_max(png, 0);
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  ignore_colour_chunks(png);
  png_read_info(png, source->info);

  picture_shape *shape = &source->shape;
  shape->width = png_get_image_width(png, source->info);
  shape->height = png_get_image_height(png, source->info);
  shape->channels = (png_get_color_type(png, source->info) & PNG_COLOR_MASK_COLOR) ? 3 : 1;
  codec_status status = check_picture_shape(*shape, source->message);
  if (status != CODEC_OK) return status;
  uint64_t raw = (uint64_t)png_get_rowbytes(png, source->info) * shape->height;
  if (raw / DEFLATE_LIMIT > source->count) png_error(png, "the file ends too early");
  convert_to_8_bit(source);
  return CODEC_OK;
}

codec_status open_png(png_source **out, picture_shape *shape, const uint8_t *bytes, size_t count, char *message) {
  *out = NULL;
  message[0] = 0;
  if (count < 8 || png_sig_cmp(bytes, 0, 8)) return CODEC_OTHER_FORMAT;
  png_source *source = calloc(1, sizeof *source);
  if (!source) return CODEC_NO_MEMORY;
  source->bytes = bytes;
  source->count = count;
  source->message = message;
  codec_status status = CODEC_NO_MEMORY;
  if (!setjmp(source->jump)) {
    source->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, source, on_error, on_warning, source, on_allocate, on_free);
    if (source->png) source->info = png_create_info_struct(source->png);
  }
  if (source->info) status = read_header(source);
  if (status == CODEC_OK) {
    *shape = source->shape;
    *out = source;
  } else {
    close_png(source);
  }
  return status;
}

codec_status read_png(png_source *source, uint8_t *pixels, char *message) {
  message[0] = 0;
  source->message = message;
  size_t stride = (size_t)source->shape.width * source->shape.channels;
  png_bytepp rows = malloc(source->shape.height * sizeof *rows);
  if (!rows) return CODEC_NO_MEMORY;
  for (size_t y = 0; y < source->shape.height; y++) rows[y] = pixels + y * stride;

  if (setjmp(source->jump)) {
    free(rows);
    return failure(source);
  }
  if (png_get_rowbytes(source->png, source->info) != stride) png_error(source->png, "its rows have an unexpected length");
  png_read_image(source->png, rows);
  png_read_end(source->png, source->info);
  free(rows);
  return source->over_budget ? failure(source) : CODEC_OK;
}

size_t png_text_count(const png_source *source) {
  png_textp texts = NULL;
  int count = 0;
  png_get_text(source->png, source->info, &texts, &count);
  return count > 0 ? (size_t)count : 0;
}

picture_text png_text_at(const png_source *source, size_t index) {
  png_textp texts = NULL;
  int count = 0;
  png_get_text(source->png, source->info, &texts, &count);
  if (index >= (size_t)(count > 0 ? count : 0)) return (picture_text){0};
  const png_text *text = &texts[index];
  bool utf8 = text->compression == PNG_ITXT_COMPRESSION_NONE || text->compression == PNG_ITXT_COMPRESSION_zTXt;
  const char *value = text->text ? text->text : "";
  return (picture_text){
    .key = text->key, .key_length = strlen(text->key), .value = value, .value_length = strlen(value), .utf8 = utf8,
  };
}

void close_png(png_source *source) {
  if (!source) return;
  if (source->png) png_destroy_read_struct(&source->png, &source->info, NULL);
  free(source);
}
