#pragma once
#include <stddef.h>
#include <stdio.h>
#if __has_include(<jpeglib.h>)
#include <jpeglib.h>
#else
#error "libjpeg is missing: apt-get install libjpeg62-turbo-dev (Scripts/setup does it)"
#endif
