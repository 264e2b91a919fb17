// What a canvas is made of; for canvas.c and text.c only.
#pragma once
#include "Canvas.h"
#include <cairo.h>
#include <pango/pangocairo.h>

struct canvas {
  canvas_kind kind;
  uint32_t width, height;
  cairo_surface_t *surface;
  cairo_t *context;
  PangoContext *text;  // made by the first text
  byte_buffer file;    // what an SVG surface has written
};

void free_text_context(canvas *canvas);
