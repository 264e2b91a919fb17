// WebP from memory, and into memory or a file, through libwebp and its mux.
#include "CCodecs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/encode.h>
#include <webp/mux.h>

_Static_assert(WEBP_MAX_SIDE == WEBP_MAX_DIMENSION, "the limit that people are told of is libwebp's");

static codec_status refuse(char *message, codec_status status, const char *reason) {
  snprintf(message, CODEC_MESSAGE_SIZE, "%s", reason);
  return status;
}

static byte_span span(const WebPMux *mux, const char *name) {
  WebPData data = {0};
  if (WebPMuxGetChunk(mux, name, &data) != WEBP_MUX_OK) return (byte_span){0};
  return (byte_span){data.bytes, data.size};
}

codec_status open_webp(webp_header *header, const uint8_t *bytes, size_t count, char *message) {
  *header = (webp_header){0};
  message[0] = 0;
  if (count < 12 || memcmp(bytes, "RIFF", 4) || memcmp(bytes + 8, "WEBP", 4)) return CODEC_OTHER_FORMAT;
  size_t claimed = (size_t)bytes[4] | (size_t)bytes[5] << 8 | (size_t)bytes[6] << 16 | (size_t)bytes[7] << 24;
  if (claimed + 8 > count) return refuse(message, CODEC_DAMAGED, "the file ends too early");

  WebPBitstreamFeatures features;
  if (WebPGetFeatures(bytes, count, &features) != VP8_STATUS_OK) return refuse(message, CODEC_DAMAGED, "its header makes no sense");
  if (features.has_animation) return refuse(message, CODEC_UNSUPPORTED, "it is an animation; save one of its frames as a picture");
  header->shape = (picture_shape){(uint32_t)features.width, (uint32_t)features.height, 3};
  codec_status status = check_picture_shape(header->shape, message);
  if (status != CODEC_OK) return status;

  WebPData file = {bytes, count};
  WebPMux *mux = WebPMuxCreate(&file, 0);  // 0: its chunks are places in `bytes`
  if (!mux) return refuse(message, CODEC_DAMAGED, "its chunks make no sense");
  header->exif = span(mux, "EXIF");
  header->xmp = span(mux, "XMP ");
  WebPMuxDelete(mux);
  return CODEC_OK;
}

codec_status read_webp(const webp_header *header, uint8_t *pixels, const uint8_t *bytes, size_t count, char *message) {
  message[0] = 0;
  size_t stride = (size_t)header->shape.width * 3;
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) return refuse(message, CODEC_DAMAGED, "libwebp is of another version");
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = (WebPRGBABuffer){.rgba = pixels, .stride = (int)stride, .size = stride * header->shape.height};
  switch (WebPDecode(bytes, count, &config)) {
    case VP8_STATUS_OK: return CODEC_OK;
    case VP8_STATUS_OUT_OF_MEMORY: return CODEC_NO_MEMORY;
    case VP8_STATUS_NOT_ENOUGH_DATA: return refuse(message, CODEC_DAMAGED, "the file ends too early");
    default: return refuse(message, CODEC_DAMAGED, "its pixels make no sense");
  }
}

static int on_write(const uint8_t *bytes, size_t count, const WebPPicture *picture) {
  return append_bytes(picture->custom_ptr, bytes, count);
}

static bool import(WebPPicture *picture, const uint8_t *pixels, picture_shape shape) {
  if (shape.channels == 3) return WebPPictureImportRGB(picture, pixels, (int)shape.width * 3);
  if (!WebPPictureAlloc(picture)) return false;
  for (size_t y = 0; y < shape.height; y++) {
    uint32_t *row = picture->argb + y * (size_t)picture->argb_stride;
    for (size_t x = 0; x < shape.width; x++) row[x] = 0xff000000u | pixels[y * shape.width + x] * 0x010101u;
  }
  return true;
}

static codec_status encode(byte_buffer *out, const uint8_t *pixels, picture_shape shape, int quality, bool lossless, char *message) {
  WebPConfig config;
  WebPPicture picture;
  if (!WebPConfigInit(&config) || !WebPPictureInit(&picture)) return refuse(message, CODEC_DAMAGED, "libwebp is of another version");
  config.quality = (float)quality;
  if (lossless && !WebPConfigLosslessPreset(&config, 6)) return refuse(message, CODEC_DAMAGED, "libwebp is of another version");
  picture.width = (int)shape.width;
  picture.height = (int)shape.height;
  picture.use_argb = lossless || shape.channels == 1;
  picture.writer = on_write;
  picture.custom_ptr = out;
  bool good = import(&picture, pixels, shape) && WebPEncode(&config, &picture);
  WebPEncodingError error = picture.error_code;
  WebPPictureFree(&picture);
  if (good) return CODEC_OK;
  if (error == VP8_ENC_ERROR_PARTITION0_OVERFLOW || error == VP8_ENC_ERROR_PARTITION_OVERFLOW || error == VP8_ENC_ERROR_FILE_TOO_BIG) {
    return refuse(message, CODEC_TOO_LARGE, "the WebP format cannot hold so much detail; lower the quality, or write another format");
  }
  return append_failure(out);
}

static bool add(WebPMux *mux, const char *name, byte_span span) {
  WebPData data = {span.bytes, span.count};
  return !span.count || WebPMuxSetChunk(mux, name, &data, 0) == WEBP_MUX_OK;
}

static codec_status write_picture(byte_buffer *out, const uint8_t *pixels, picture_shape shape, int quality, bool lossless,
                                  byte_span exif, byte_span xmp, char *message) {
  if (!exif.count && !xmp.count) return encode(out, pixels, shape, quality, lossless, message);
  byte_buffer bare = NO_BYTES;
  codec_status status = encode(&bare, pixels, shape, quality, lossless, message);
  if (status == CODEC_OK) {
    WebPMux *mux = WebPMuxNew();
    WebPData image = {bare.bytes, bare.count}, whole = {0};
    bool good = mux && WebPMuxSetImage(mux, &image, 0) == WEBP_MUX_OK && add(mux, "EXIF", exif) && add(mux, "XMP ", xmp)
      && WebPMuxAssemble(mux, &whole) == WEBP_MUX_OK && append_bytes(out, whole.bytes, whole.size);
    status = good ? CODEC_OK : append_failure(out);
    WebPDataClear(&whole);
    WebPMuxDelete(mux);
  }
  free_bytes(&bare);
  return status;
}

codec_status write_webp(byte_buffer *out, const uint8_t *pixels, picture_shape shape, int quality, bool lossless,
                        byte_span exif, byte_span xmp, char *message) {
  message[0] = 0;
  codec_status status = write_picture(out, pixels, shape, quality, lossless, exif, xmp, message);
  return status != CODEC_OK || flush_bytes(out) ? status : CODEC_UNWRITABLE;
}
