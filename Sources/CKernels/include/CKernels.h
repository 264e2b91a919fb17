// The kernels between the products: what each computes, on which shapes. Arithmetic only: no file, no string, no
// allocation. Output first. Rows are dense unless a stride is given; strides count elements, not bytes.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "blocks.h"

#pragma clang assume_nonnull begin

/// How the rows that a kernel writes are encoded: f32 for the residual stream, bf16 straight for the next product.
enum row_encoding { row_f32 = 0, row_bf16 = 1 };

/// Where the rows of one stream (text or image) lie before and after they are cut into heads.
struct head_layout {
  size_t tokens;      // rows of x
  size_t x_stride;    // elements from one row of x to the next
  size_t heads;
  size_t depth;       // elements of one head
  size_t y_tokens;    // rows of one head in y: text and image together
  size_t y_first;     // where this stream's first row goes
};

/// Rows and columns of a panel, and how many inputs of them are worked on at a time: a multiple of 256, the longest block of a weight.
struct panel_shape { size_t rows, columns, depth; };

/// One instruction set's version of every kernel. `portable` is the oracle that the others are tested against.
struct kernels {
  const char *isa;

  /// y[r,c] = (x[r,c] − mean_r) / √(var_r + ε) · gain[c] + offset[c].   x, y [rows, width]; gain, offset [width] or null.
  void (*layer_norm)(void *restrict y, enum row_encoding to, const float *restrict x, const float *_Nullable gain,
                     const float *_Nullable offset, size_t rows, size_t width, float epsilon);

  /// y[r,c] = x[r,c] / √(mean_r(x²) + ε) · gain[c].   x, y [rows, width]; gain [width].
  void (*rms_norm)(void *restrict y, enum row_encoding to, const float *restrict x, const float *restrict gain,
                   size_t rows, size_t width, float epsilon);

  /// Cuts rows into heads, on the way normalising each head (gain [depth], RMS) and turning its pairs (2i, 2i+1) by the
  /// row's angles (cosines, sines [tokens, depth]); null gain or null angles leave that out.
  /// x [tokens, x_stride] → y [heads, y_tokens, depth], rows y_first ….
  void (*split_heads)(void *restrict y, enum row_encoding to, const float *restrict x, const float *_Nullable gain,
                      const float *_Nullable cosines, const float *_Nullable sines,
                      struct head_layout layout, float epsilon);

  /// p[r,·] = softmax(scale · s[r,·] + bias[r,·]).   s [rows, columns]; bias the same with its own stride, or null.
  void (*softmax)(void *restrict p, enum row_encoding to, const float *restrict s, const float *_Nullable bias,
                  size_t bias_stride, float scale, size_t rows, size_t columns);

  /// y = x · ½(1 + tanh(√(2/π)(x + 0.044715 x³))).   x [rows, width] of x_stride, y of y_stride.
  void (*gelu_tanh)(void *restrict y, enum row_encoding to, size_t y_stride, const float *restrict x, size_t x_stride,
                    size_t rows, size_t width);

  /// y = gelu_tanh(a) · b (T5's gated feed-forward).   All [count].
  void (*gelu_gated)(void *restrict y, enum row_encoding to, const float *restrict a, const float *restrict b,
                     size_t count);

  /// y = x / (1 + exp(−1.702 x)) (CLIP).   All [count].
  void (*gelu_quick)(void *restrict y, enum row_encoding to, const float *restrict x, size_t count);

  /// y = x / (1 + exp(−x)).   All [count].
  void (*silu)(void *restrict y, enum row_encoding to, const float *restrict x, size_t count);

  /// x[r,c] += gate[c] · y[r,c]; a null gate is 1.   x, y [rows, width].
  void (*gated_add)(float *restrict x, const float *restrict y, const float *_Nullable gate, size_t rows, size_t width);

  /// Adds each channel's sum and sum of squares over the rows to sums, squares [channels].   x [rows, channels].
  void (*channel_sums)(double *restrict sums, double *restrict squares, const float *restrict x, size_t rows,
                       size_t channels);

  /// y[r,c] = f(x[r,c] · gain[c] + offset[c]), f = silu or nothing.   x, y [rows, channels].
  void (*scale_channels)(void *restrict y, enum row_encoding to, const float *restrict x, const float *restrict gain,
                         const float *restrict offset, int silu, size_t rows, size_t channels);

  /// bf16 ↔ f32 and f16 → f32, rounding to nearest even.   All [count].
  void (*bf16_from_f32)(uint16_t *restrict y, const float *restrict x, size_t count);
  void (*f32_from_bf16)(float *restrict y, const uint16_t *restrict x, size_t count);
  void (*f32_from_f16)(float *restrict y, const uint16_t *restrict x, size_t count);

  /// y = scale · (the numbers that x encodes); blocks carry their own scales, and `scale` is for f8 and int8 alone.
  /// All [count], whole blocks.
  void (*unpack)(void *restrict y, enum row_encoding to, const void *restrict x, enum weight_encoding from, float scale,
                 size_t count);

  /// x[r,·] = H(x[r,·] · columns), H the orthonormal Hadamard transform of each `turn` neighbours: what is large in one column is
  /// spread over all of them.   x [rows, width] in place; columns [width] or null; turn a power of two that divides width.
  void (*turn_rows)(float *restrict x, const float *_Nullable columns, size_t turn, size_t rows, size_t width);

  /// q[r,c] = round(x[r,c] / s_r), s_r = max_c |x[r,c]| / 127.   q, x [rows, width]; scales [rows].
  void (*quantise_rows)(int8_t *restrict q, float *restrict scales, const float *restrict x, size_t rows, size_t width);

  /// y[r,c] = n[r,c] · by_row[r] · by_column[c] + bias[c], n the int32 sums that y holds before.   y [rows, width].
  void (*scale_sums)(float *restrict y, const float *restrict by_row, const float *restrict by_column, const float *_Nullable bias,
                     size_t rows, size_t width);

  /// The panels of f32 that products are made of; without rows this set has none, and the next three are null.
  struct panel_shape panels;

  /// Lays `rows` rows, and zeros up to `width`, out input after input: to[k, r] = x[r, k].   x [rows, stride]; to [depth, width].
  void (*_Nullable panel_lay)(float *restrict to, const float *restrict x, size_t stride, size_t rows, size_t width, size_t depth);

  /// y[r, c] = Σ a[r]·b[c] + bias[c], added to what y holds where it `adds`; every sum in the order of the inputs.
  /// y [rows, stride]; a and b panels after panels as laid out, of panels.rows and panels.columns; bias [columns] or null.
  void (*_Nullable panel_multiply)(float *restrict y, size_t stride, const float *restrict a, const float *restrict b,
                                   const float *_Nullable bias, size_t depth, size_t rows, size_t columns, bool adds);

  /// y[r · y_stride] = start + x[r]·w, added to what y holds where it `adds`, for few rows.   x [rows, x_stride]; w [depth].
  void (*_Nullable dot_rows)(float *restrict y, size_t y_stride, const float *restrict x, size_t x_stride, const float *restrict w, float start,
                             size_t rows, size_t depth, bool adds);
};

/// The kernels in use: the best that this machine runs, or what FLUX_ISA names (avx512, avx2, portable).
const struct kernels *kernels_in_use(void);

/// The kernels of one instruction set by name, or null when there are none by this name or the machine lacks it.
const struct kernels *_Nullable kernels_named(const char *name);

/// All that this machine runs, the best first: null behind the last. Two may share a name, and then every bit.
const struct kernels *_Nullable kernels_numbered(size_t index);

/// What is wrong with FLUX_ISA, or null: a sentence for the person who set it.
const char *_Nullable kernels_complaint(void);

/// Whether this processor's vectors multiply bf16 slower than f32: Intel's do, at half the rate; AMD's at twice the rate.
bool bf16_vectors_are_slow(void);

/// A product on the tile unit (Intel AMX): x [rows, inputs] in bf16 or int8, weights [outputs / 16][inputs / deep][16][16][2 or 4]: oneDNN's
/// BA16a16b2a and BA16a16b4a.
struct tile_product {
  size_t outputs;     // a multiple of 16
  size_t inputs;      // a multiple of tile_deep: 32 of bf16, 64 of int8
  size_t stride;      // numbers from one row of y to the next
  bool is_int8;
  bool accumulates;   // is added to what y holds
};
size_t tile_deep(const struct tile_product *product);

/// Rows that are made at a time, a multiple of 32 and this at the most.
enum { tile_group = 256 };

/// Whether this processor has such a unit and the system lets us use it: asked once, before anything is multiplied.
bool tiles_are_there(void);

/// Lays rows of a weight, [outputs, inputs] in bf16 as checkpoints store them, out for a product.
void tile_pack(const struct tile_product *product, void *to, const void *rows);

/// Lays a group of rows, [rows, inputs], out for tile_multiply, in as many bytes; rows up to the next multiple of 32 are zeros.
void tile_gather(const struct tile_product *product, void *to, const void *x, size_t rows);

/// A product in bf16 that is added to some columns of another: rows gathered, weights as tile_pack lays them out.
struct tile_addition {
  const void *rows;       // a gathered group of the same rows
  const void *weights;
  size_t inputs;          // a multiple of 32, and few enough that a group is laid out in one chunk: tile_longest at the most
  size_t from, to;        // columns, multiples of 32
};
enum { tile_longest = 2048 };

/// What is done to sums once they are whole, while they are near.
struct tile_ending {
  const float *_Nullable bias;                     // [outputs]
  // What sums of int8 are multiplied by, or null for both: then y is int32.   [rows] of the group, [outputs]
  const float *_Nullable by_row, *_Nullable by_column;
  const struct tile_addition *_Nullable additions;
  size_t count;
};

/// y[r, from ..< to] = x[r,·] · W, and its ending; the bytes depend on no other row or column.   x a gathered group; y [rows, stride].
void tile_multiply(const struct tile_product *product, float *y, const void *x, const void *weights, const struct tile_ending *ending,
                   size_t rows, size_t from, size_t to);

/// One head's attention on the tile unit: softmax(scale · q·kᵀ) · v.
struct tile_attention {
  size_t keys;
  size_t depth;       // a multiple of 32, tile_deepest at the most
  size_t stride;      // numbers from one row of y to the next
  float scale;        // above 0
};
enum { tile_deepest = 512 };

/// Bytes of the keys as they are laid out; the values take as many.
size_t tile_attention_bytes(const struct tile_attention *attention);

/// Lays keys and values, [keys, depth] in bf16, out for tile_attend.
void tile_attention_pack(const struct tile_attention *attention, void *keys_to, void *values_to, const void *keys, const void *values);

/// Bytes that tile_attend needs to work in.
size_t tile_attention_scratch(const struct tile_attention *attention, size_t queries);

/// y [queries, stride]: what some queries, [queries, depth] in bf16, see of the keys and values laid out; at most tile_group of them.
void tile_attend(const struct tile_attention *attention, float *y, const void *queries_from, const void *keys, const void *values,
                 size_t queries, void *scratch);

/// Runs body(context, index, thread) for index 0 ..< count on oneDNN's own team of threads (libgomp), each index once, in
/// any order; thread is 0 ..< threads. Called from inside a team it runs in place.
void team_run(size_t count, int threads, void *context, void (*body)(void *context, size_t index, int thread));

/// The number of threads that oneDNN uses when called from this thread.
void team_set_threads(int threads);

/// A sum over bytes that differs after any single flipped bit.
uint64_t checksum(const void *bytes, size_t count);

#pragma clang assume_nonnull end
