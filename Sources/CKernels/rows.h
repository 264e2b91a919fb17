// What the kernels share: bf16 rounding, and storing a row in the encoding that its reader wants.
#pragma once
#include "CKernels.h"
#include <math.h>
#include <string.h>

static inline uint16_t bf16_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;   // to nearest, ties to even
  uint32_t quiet = (bits >> 16) | 0x40;                            // a NaN must stay one
  return (uint16_t)((bits & 0x7FFFFFFF) > 0x7F800000 ? quiet : rounded);
}

static inline float f32_of_bf16(uint16_t value) {
  uint32_t bits = (uint32_t)value << 16;
  float result;
  memcpy(&result, &bits, 4);
  return result;
}

static inline float f32_of_f16(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = (h >> 10) & 31, fraction = h & 1023, bits;
  if (exponent == 0) {                                             // zero and subnormals: fraction · 2^-24
    float value = (float)fraction * 0x1p-24f;
    memcpy(&bits, &value, 4);
    bits |= sign;
  } else if (exponent == 31) {
    bits = sign | 0x7F800000 | fraction << 13;
  } else {
    bits = sign | (exponent + 112) << 23 | fraction << 13;
  }
  float result;
  memcpy(&result, &bits, 4);
  return result;
}

static inline void *row_at(void *y, enum row_encoding to, size_t element) {
  return (char *)y + element * (to == row_bf16 ? 2 : 4);
}

static inline void put(void *y, enum row_encoding to, size_t i, float value) {
  if (to == row_bf16) ((uint16_t *)y)[i] = bf16_of(value);
  else ((float *)y)[i] = value;
}

// Sixteen floats at once, whatever the processor makes of them.
typedef float lanes __attribute__((ext_vector_type(16)));

static inline lanes lanes_at(const float *x) { lanes v; memcpy(&v, x, sizeof v); return v; }
static inline void put_lanes(float *x, lanes v) { memcpy(x, &v, sizeof v); }
