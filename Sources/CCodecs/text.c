// Text, through Pango: it breaks lines, joins and orders letters as their script wants, and takes each letter from the first
// font that has it, so that one label may hold Latin, Chinese and Arabic.
#include "canvas_private.h"
#include <stdlib.h>
#include <strings.h>

// Always there on Debian, which fontconfig itself brings; elsewhere fontconfig chooses what is closest.
static const char *const FONT = "DejaVu Sans, Noto Sans, sans-serif";

// Names that Pango lists whether or not a font stands behind them.
static bool is_alias(const char *name) {
  static const char *const aliases[] = {"Sans", "Serif", "Monospace", "System-ui"};
  for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
    if (!strcasecmp(name, aliases[i])) return true;
  }
  return false;
}

static bool has_fonts(PangoContext *context) {
  PangoFontFamily **families = NULL;
  int count = 0;
  pango_font_map_list_families(pango_context_get_font_map(context), &families, &count);
  bool found = false;
  for (int i = 0; i < count && !found; i++) found = !is_alias(pango_font_family_get_name(families[i]));
  g_free(families);
  return found;
}

static codec_status text_context(canvas *canvas) {
  if (canvas->text) return CODEC_OK;
  PangoContext *context = pango_cairo_create_context(canvas->context);
  if (!context) return CODEC_NO_MEMORY;
  if (!has_fonts(context)) {
    g_object_unref(context);
    return CODEC_NO_FONT;
  }
  // Said here and not left to the desktop's settings, so that a label looks alike everywhere.
  cairo_font_options_t *options = cairo_font_options_create();
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  pango_cairo_context_set_font_options(context, options);
  cairo_font_options_destroy(options);
  canvas->text = context;
  return CODEC_OK;
}

void free_text_context(canvas *canvas) {
  if (canvas->text) g_object_unref(canvas->text);
  canvas->text = NULL;
}

static PangoLayout *layout(canvas *canvas, const char *text, size_t length, text_style style) {
  PangoLayout *made = pango_layout_new(canvas->text);
  PangoFontDescription *font = pango_font_description_from_string(FONT);
  pango_font_description_set_absolute_size(font, style.size * PANGO_SCALE);
  if (style.bold) pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
  pango_layout_set_font_description(made, font);
  pango_font_description_free(font);
  pango_layout_set_text(made, text, (int)length);
  static const PangoAlignment alignments[] = {PANGO_ALIGN_LEFT, PANGO_ALIGN_CENTER, PANGO_ALIGN_RIGHT};
  pango_layout_set_alignment(made, alignments[style.alignment]);
  PangoAttrList *attributes = pango_attr_list_new();
  pango_attr_list_insert(attributes, pango_attr_insert_hyphens_new(FALSE));  // a name that is broken stays itself
  pango_layout_set_attributes(made, attributes);
  pango_attr_list_unref(attributes);
  if (style.width > 0) {
    pango_layout_set_width(made, (int)(style.width * PANGO_SCALE));
    pango_layout_set_wrap(made, PANGO_WRAP_WORD_CHAR);
  }
  if (style.lines > 0) {
    pango_layout_set_ellipsize(made, PANGO_ELLIPSIZE_END);
    pango_layout_set_height(made, -style.lines);
  }
  return made;
}

codec_status measure_text(canvas *canvas, const char *text, size_t length, text_style style, double *width, double *height) {
  *width = *height = 0;
  codec_status status = text_context(canvas);
  if (status != CODEC_OK) return status;
  PangoLayout *made = layout(canvas, text, length, style);
  PangoRectangle extent;
  pango_layout_get_extents(made, NULL, &extent);
  *width = (double)extent.width / PANGO_SCALE;
  *height = (double)extent.height / PANGO_SCALE;
  g_object_unref(made);
  return CODEC_OK;
}

codec_status draw_text(canvas *canvas, const char *text, size_t length, text_style style, double x, double y, double turn) {
  codec_status status = text_context(canvas);
  if (status != CODEC_OK) return status;
  cairo_save(canvas->context);
  cairo_translate(canvas->context, x, y);
  cairo_rotate(canvas->context, turn);
  PangoLayout *made = layout(canvas, text, length, style);
  pango_cairo_show_layout(canvas->context, made);
  g_object_unref(made);
  cairo_restore(canvas->context);
  return CODEC_OK;
}
