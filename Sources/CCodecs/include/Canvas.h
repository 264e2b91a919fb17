// Lines, shapes and text as plain C functions: Cairo draws, Pango sets the text, fontconfig finds a font for every letter.
#pragma once
#include "Codecs.h"

// Cairo's limit for the sides of a canvas.
#define CANVAS_MAX_SIDE 32767

typedef struct canvas canvas;

typedef enum canvas_kind {
  CANVAS_COLOUR,    // opaque RGB, white at first
  CANVAS_COVERAGE,  // how much of each pixel is covered, nothing at first; colours are not looked at
  CANVAS_SVG,       // a drawing without pixels
} canvas_kind;

// CODEC_TOO_LARGE beyond CANVAS_MAX_SIDE. `out` is NULL after any status but CODEC_OK.
codec_status create_canvas(canvas **out, canvas_kind kind, uint32_t width, uint32_t height);
void destroy_canvas(canvas *canvas);

// Fills `pixels`: width · height · 3 bytes of a CANVAS_COLOUR, width · height of a CANVAS_COVERAGE.
codec_status read_canvas(canvas *canvas, uint8_t *pixels);
// Ends a CANVAS_SVG: appends the file to `out`, and nothing can be drawn any more.
codec_status finish_svg(canvas *canvas, byte_buffer *out);

// From 0 to 1; everything that follows is drawn with it.
void set_colour(canvas *canvas, double red, double green, double blue);

// A box: its top left corner and its size.
typedef struct canvas_box {
  double x, y, width, height;
} canvas_box;

void fill_rectangle(canvas *canvas, canvas_box box);
void fill_ellipse(canvas *canvas, canvas_box box);

// The inside of a line from point to point and back: x, y, x, y, … for `count` points.
void fill_polygon(canvas *canvas, const double *points, size_t count);

// How lines are drawn; dash 0 is a line without gaps.
typedef struct line_style {
  double width, dash;
} line_style;

// Lines from point to point: x, y, x, y, … for `count` points.
void stroke_line(canvas *canvas, const double *points, size_t count, line_style style);

typedef enum text_alignment { TEXT_LEFT, TEXT_CENTRE, TEXT_RIGHT } text_alignment;

// size: of the letters, in pixels. width: lines are broken there, and aligned between 0 and it; 0 breaks nowhere.
// lines: text beyond them ends in an ellipsis; 0 is no limit.
typedef struct text_style {
  double size, width;
  int lines;
  bool bold;
  text_alignment alignment;
} text_style;

// Text is UTF-8 without zeros. CODEC_NO_FONT where fontconfig knows no font at all.
codec_status measure_text(canvas *canvas, const char *text, size_t length, text_style style, double *width, double *height);
// (x, y) is the top left corner; `turn` in radians turns the text around it, clockwise.
codec_status draw_text(canvas *canvas, const char *text, size_t length, text_style style, double x, double y, double turn);
