#pragma once
#if __has_include(<histedit.h>)
#include <histedit.h>
#else
#error "libedit is missing: apt-get install libedit-dev (Scripts/setup does it)"
#endif
