// The vector kernels for AVX2.
#if defined(__x86_64__)
#define CONVERTS_F16
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define TABLE kernels_avx2
#define ISA "avx2"
#define PANEL_ROWS 6
#define PANEL_COLUMNS 16
#include "kernels.inc"
#pragma clang attribute pop
#endif
