// What the formats share: bytes that grow, and the limits of a header.
#include "CCodecs.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PORTION = 1 << 20 };

bool flush_bytes(byte_buffer *buffer) {
  if (buffer->file < 0) return true;
  size_t written = 0;
  while (written < buffer->count) {
    ssize_t count = write(buffer->file, buffer->bytes + written, buffer->count - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      buffer->problem = errno;
      return false;
    }
    written += (size_t)count;
  }
  buffer->count = 0;
  return true;
}

bool append_bytes(byte_buffer *buffer, const void *bytes, size_t count) {
  if (count > buffer->capacity - buffer->count) {
    size_t capacity = buffer->capacity + buffer->capacity / 2 + count + 4096;
    uint8_t *grown = realloc(buffer->bytes, capacity);
    if (!grown) return false;
    buffer->bytes = grown;
    buffer->capacity = capacity;
  }
  if (count) memcpy(buffer->bytes + buffer->count, bytes, count);
  buffer->count += count;
  return buffer->count < PORTION || flush_bytes(buffer);
}

void free_bytes(byte_buffer *buffer) {
  free(buffer->bytes);
  *buffer = (byte_buffer){.file = buffer->file};
}

codec_status append_failure(const byte_buffer *buffer) { return buffer->problem ? CODEC_UNWRITABLE : CODEC_NO_MEMORY; }

codec_status check_picture_shape(picture_shape shape, char *message) {
  if (shape.width <= PICTURE_MAX_SIDE && shape.height <= PICTURE_MAX_SIDE
      && (uint64_t)shape.width * shape.height <= PICTURE_MAX_PIXELS) return CODEC_OK;
  snprintf(message, CODEC_MESSAGE_SIZE, "it is %u×%u pixels; %d a side and %d million in all are the most",
           shape.width, shape.height, PICTURE_MAX_SIDE, PICTURE_MAX_PIXELS / 1000000);
  return CODEC_TOO_LARGE;
}
