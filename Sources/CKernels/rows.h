// What the kernels share: bf16 rounding, exponentials, and storing a row in the encoding that its reader wants.
#pragma once
#include "CKernels.h"
#include <math.h>
#include <string.h>
#ifdef ROUNDS_BF16
#include <immintrin.h>
#endif

static inline uint16_t bf16_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;   // to nearest, ties to even
  uint32_t quiet = (bits >> 16) | 0x40;                            // a NaN must stay one
  return (uint16_t)((bits & 0x7FFFFFFF) > 0x7F800000 ? quiet : rounded);
}

// A row rounded to bf16, by the processor itself where the including file says that it can. It takes numbers below 2⁻¹²⁶ for zeros,
// which no other set does: rows that hold some are rounded as everywhere.
static inline void round_row(uint16_t *restrict y, const float *restrict x, size_t count) {
  size_t i = 0;
#ifdef ROUNDS_BF16
  enum { lanes = 32, subnormal = 0x20 };
  for (; i + lanes <= count; i += lanes) {
    __m512 low = _mm512_loadu_ps(x + i), high = _mm512_loadu_ps(x + i + lanes / 2);
    if (_mm512_fpclass_ps_mask(low, subnormal) | _mm512_fpclass_ps_mask(high, subnormal))
      for (size_t j = i; j < i + lanes; j++) y[j] = bf16_of(x[j]);
    else _mm512_storeu_si512(y + i, (__m512i)_mm512_cvtne2ps_pbh(high, low));
  }
#endif
  for (; i < count; i++) y[i] = bf16_of(x[i]);
}

static inline float f32_of_bf16(uint16_t value) {
  uint32_t bits = (uint32_t)value << 16;
  float result;
  memcpy(&result, &bits, 4);
  return result;
}

#ifdef CONVERTS_F16
static inline float f32_of_f16(uint16_t h) {
  _Float16 half;
  memcpy(&half, &h, sizeof half);
  return (float)half;
}
#else
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
#endif

// exp(x) = 2ⁿ · exp(r), |r| ≤ ½ ln 2, by a polynomial of degree 6 (Cephes expf's coefficients): within 2 ulp. The bounds
// are where n reaches −127 and 128, whose powers come out as 0 and ∞: a masked score weighs nothing at all.
static inline float exponential(float x) {
  x = x < -88.0f ? -88.0f : x;
  x = x > 88.8f ? 88.8f : x;
  float n = __builtin_rintf(x * 1.44269504088896341f);
  float r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  int32_t bits = ((int32_t)n + 127) << 23;
  float power;
  memcpy(&power, &bits, 4);
  return p * power;
}

/// Sixteen largest at a time: clang makes no vectors of one.
static inline float largest_of(const float *x, size_t count) {
  enum { lanes = 16 };
  float most[lanes], largest = -INFINITY;
  for (size_t i = 0; i < lanes; i++) most[i] = -INFINITY;
  size_t c = 0;
  for (; c + lanes <= count; c += lanes)
    for (size_t i = 0; i < lanes; i++) most[i] = x[c + i] > most[i] ? x[c + i] : most[i];
  for (size_t i = 0; i < lanes; i++) largest = most[i] > largest ? most[i] : largest;
  for (; c < count; c++) largest = x[c] > largest ? x[c] : largest;
  return largest;
}

static inline void *row_at(void *y, enum row_encoding to, size_t element) {
  return (char *)y + element * (to == row_bf16 ? 2 : 4);
}

static inline void put(void *y, enum row_encoding to, size_t i, float value) {
  if (to == row_bf16) ((uint16_t *)y)[i] = bf16_of(value);
  else ((float *)y)[i] = value;
}

// Sixteen floats at once, whatever the processor makes of them. All that take or return them are inline: no call passes them.
#pragma clang diagnostic ignored "-Wpsabi"
typedef float lanes __attribute__((ext_vector_type(16)));

static inline lanes lanes_at(const float *x) { lanes v; memcpy(&v, x, sizeof v); return v; }
static inline void put_lanes(float *x, lanes v) { memcpy(x, &v, sizeof v); }
