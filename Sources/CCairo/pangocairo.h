#pragma once
#if __has_include(<cairo.h>) && __has_include(<cairo-svg.h>)
#include <cairo.h>
#include <cairo-svg.h>
#else
#error "Cairo is missing: apt-get install libcairo2-dev (Scripts/setup does it)"
#endif
#if __has_include(<pango/pangocairo.h>)
#include <pango/pangocairo.h>
#else
#error "Pango is missing: apt-get install libpango1.0-dev (Scripts/setup does it)"
#endif
