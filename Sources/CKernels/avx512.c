// The vector kernels for AVX512.
#if defined(__x86_64__)
#define CONVERTS_F16
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c"))), apply_to = function)
#define TABLE kernels_avx512
#define ISA "avx512"
#define PANEL_ROWS 12
#define PANEL_COLUMNS 32
#include "kernels.inc"
#pragma clang attribute pop
#endif
