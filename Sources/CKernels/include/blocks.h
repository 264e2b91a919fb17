// The blocks of GGUF files: numbers that share a scale (and an offset), as they lie in the file. d, m: f16.
// Reference: ggml's block layouts. n numbers of each block; low nibbles come before high ones.
#pragma once
#include <stdint.h>

#pragma clang assume_nonnull begin

/// How the numbers of a weight are encoded.
enum weight_encoding {
  weight_f32, weight_bf16, weight_f16, weight_f8_e4m3, weight_int8,
  weight_q8_0, weight_q6_k, weight_q5_k, weight_q5_1, weight_q5_0, weight_q4_k, weight_q4_1, weight_q4_0, weight_q3_k,
  weight_q2_k, weight_iq4_nl, weight_iq4_xs,
};

/// n = 32: d · q.
struct q8_0 { uint16_t d; int8_t q[32]; };
_Static_assert(sizeof(struct q8_0) == 34, "q8_0");

/// n = 32: d · (q − 8).
struct q4_0 { uint16_t d; uint8_t q[16]; };
_Static_assert(sizeof(struct q4_0) == 18, "q4_0");

/// n = 32: d · q + m.
struct q4_1 { uint16_t d, m; uint8_t q[16]; };
_Static_assert(sizeof(struct q4_1) == 20, "q4_1");

/// n = 32: d · (q − 16); the fifth bits apart, one after the other.
struct q5_0 { uint16_t d; uint8_t high[4]; uint8_t q[16]; };
_Static_assert(sizeof(struct q5_0) == 22, "q5_0");

/// n = 32: d · q + m; the fifth bits apart.
struct q5_1 { uint16_t d, m; uint8_t high[4]; uint8_t q[16]; };
_Static_assert(sizeof(struct q5_1) == 24, "q5_1");

/// n = 32: d · level(q), sixteen uneven levels.
struct iq4_nl { uint16_t d; uint8_t q[16]; };
_Static_assert(sizeof(struct iq4_nl) == 18, "iq4_nl");

/// n = 256: groups of 16: d · scale · q − m · offset; scale and offset share a byte.
struct q2_k { uint8_t scales[16]; uint8_t q[64]; uint16_t d, m; };
_Static_assert(sizeof(struct q2_k) == 84, "q2_k");

/// n = 256: groups of 16: d · (scale − 32) · (q − 4); third bits and six-bit scales apart.
struct q3_k { uint8_t high[32]; uint8_t q[64]; uint8_t scales[12]; uint16_t d; };
_Static_assert(sizeof(struct q3_k) == 110, "q3_k");

/// n = 256: groups of 32: d · scale · q − m · offset; both in six bits.
struct q4_k { uint16_t d, m; uint8_t scales[12]; uint8_t q[128]; };
_Static_assert(sizeof(struct q4_k) == 144, "q4_k");

/// n = 256: as q4_k, the fifth bits apart.
struct q5_k { uint16_t d, m; uint8_t scales[12]; uint8_t high[32]; uint8_t q[128]; };
_Static_assert(sizeof(struct q5_k) == 176, "q5_k");

/// n = 256: groups of 16: d · scale · (q − 32); the two upper bits apart.
struct q6_k { uint8_t q[128]; uint8_t high[64]; int8_t scales[16]; uint16_t d; };
_Static_assert(sizeof(struct q6_k) == 210, "q6_k");

/// n = 256: groups of 32: d · (scale − 32) · level(q).
struct iq4_xs { uint16_t d; uint16_t scales_high; uint8_t scales_low[4]; uint8_t q[128]; };
_Static_assert(sizeof(struct iq4_xs) == 136, "iq4_xs");

#pragma clang assume_nonnull end
