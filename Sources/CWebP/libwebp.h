#pragma once
#if __has_include(<webp/decode.h>) && __has_include(<webp/encode.h>) && __has_include(<webp/mux.h>)
#include <webp/decode.h>
#include <webp/encode.h>
#include <webp/mux.h>
#else
#error "libwebp is missing: apt-get install libwebp-dev (Scripts/setup does it)"
#endif
