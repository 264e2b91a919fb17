#pragma once
#if __has_include(<png.h>)
#include <png.h>
#else
#error "libpng is missing: apt-get install libpng-dev (Scripts/setup does it)"
#endif
