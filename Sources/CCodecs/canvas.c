// Surfaces, shapes and lines, through Cairo. A context that has failed ignores what is drawn; its status is read at the end.
#include "canvas_private.h"
#include <cairo-svg.h>
#include <math.h>
#include <stdlib.h>

// How far a curve may be off, in pixels: less than a level of grey shows.
#define FLATNESS 0.002

static cairo_status_t on_write(void *closure, const unsigned char *bytes, unsigned count) {
  return append_bytes(closure, bytes, count) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_NO_MEMORY;
}

static cairo_surface_t *create_surface(canvas *canvas) {
  int width = (int)canvas->width, height = (int)canvas->height;
  switch (canvas->kind) {
    case CANVAS_COLOUR: return cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    case CANVAS_COVERAGE: return cairo_image_surface_create(CAIRO_FORMAT_A8, width, height);
    case CANVAS_SVG: return cairo_svg_surface_create_for_stream(on_write, &canvas->file, width, height);
  }
}

static codec_status status_of(cairo_status_t status) {
  return status == CAIRO_STATUS_SUCCESS ? CODEC_OK : status == CAIRO_STATUS_INVALID_SIZE ? CODEC_TOO_LARGE : CODEC_NO_MEMORY;
}

codec_status create_canvas(canvas **out, canvas_kind kind, uint32_t width, uint32_t height) {
  *out = NULL;
  if (width > CANVAS_MAX_SIDE || height > CANVAS_MAX_SIDE) return CODEC_TOO_LARGE;
  canvas *made = calloc(1, sizeof *made);
  if (!made) return CODEC_NO_MEMORY;
  made->file = NO_BYTES;
  made->kind = kind;
  made->width = width;
  made->height = height;
  made->surface = create_surface(made);
  made->context = cairo_create(made->surface);
  codec_status status = status_of(cairo_status(made->context));
  if (status != CODEC_OK) {
    destroy_canvas(made);
    return status;
  }
  cairo_set_antialias(made->context, CAIRO_ANTIALIAS_BEST);
  cairo_set_tolerance(made->context, FLATNESS);
  cairo_set_line_join(made->context, CAIRO_LINE_JOIN_ROUND);
  cairo_set_line_cap(made->context, CAIRO_LINE_CAP_ROUND);
  if (kind == CANVAS_COLOUR) {
    cairo_set_source_rgb(made->context, 1, 1, 1);
    cairo_paint(made->context);
  }
  cairo_set_source_rgb(made->context, 0, 0, 0);
  *out = made;
  return CODEC_OK;
}

void destroy_canvas(canvas *canvas) {
  if (!canvas) return;
  free_text_context(canvas);
  cairo_destroy(canvas->context);
  cairo_surface_destroy(canvas->surface);
  free_bytes(&canvas->file);
  free(canvas);
}

codec_status read_canvas(canvas *canvas, uint8_t *pixels) {
  cairo_status_t status = cairo_status(canvas->context);
  if (status != CAIRO_STATUS_SUCCESS) return status_of(status);
  cairo_surface_flush(canvas->surface);
  const uint8_t *bytes = cairo_image_surface_get_data(canvas->surface);
  size_t stride = (size_t)cairo_image_surface_get_stride(canvas->surface);
  for (size_t y = 0; y < canvas->height; y++) {
    const uint8_t *row = bytes + y * stride;
    for (size_t x = 0; x < canvas->width; x++) {
      if (canvas->kind == CANVAS_COVERAGE) {
        *pixels++ = row[x];
      } else {
        uint32_t pixel = ((const uint32_t *)row)[x];
        *pixels++ = (uint8_t)(pixel >> 16);
        *pixels++ = (uint8_t)(pixel >> 8);
        *pixels++ = (uint8_t)pixel;
      }
    }
  }
  return CODEC_OK;
}

codec_status finish_svg(canvas *canvas, byte_buffer *out) {
  free_text_context(canvas);
  cairo_status_t status = cairo_status(canvas->context);
  cairo_surface_finish(canvas->surface);
  if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_status(canvas->surface);
  if (status != CAIRO_STATUS_SUCCESS) return status_of(status);
  return append_bytes(out, canvas->file.bytes, canvas->file.count) ? CODEC_OK : CODEC_NO_MEMORY;
}

void set_colour(canvas *canvas, double red, double green, double blue) {
  cairo_set_source_rgb(canvas->context, red, green, blue);
}

void fill_rectangle(canvas *canvas, canvas_box box) {
  cairo_rectangle(canvas->context, box.x, box.y, box.width, box.height);
  cairo_fill(canvas->context);
}

void fill_ellipse(canvas *canvas, canvas_box box) {
  if (!(box.width > 0 && box.height > 0)) return;
  cairo_save(canvas->context);
  cairo_translate(canvas->context, box.x + box.width / 2, box.y + box.height / 2);
  cairo_scale(canvas->context, box.width / 2, box.height / 2);
  cairo_new_sub_path(canvas->context);
  cairo_arc(canvas->context, 0, 0, 1, 0, 2 * M_PI);
  cairo_restore(canvas->context);
  cairo_fill(canvas->context);
}

void fill_polygon(canvas *canvas, const double *points, size_t count) {
  cairo_new_path(canvas->context);
  for (size_t i = 0; i < count; i++) cairo_line_to(canvas->context, points[2 * i], points[2 * i + 1]);
  cairo_close_path(canvas->context);
  cairo_fill(canvas->context);
}

void stroke_line(canvas *canvas, const double *points, size_t count, line_style style) {
  cairo_set_line_width(canvas->context, style.width);
  cairo_set_dash(canvas->context, &style.dash, style.dash > 0 ? 1 : 0, 0);
  cairo_new_path(canvas->context);
  for (size_t i = 0; i < count; i++) cairo_line_to(canvas->context, points[2 * i], points[2 * i + 1]);
  cairo_stroke(canvas->context);
}
