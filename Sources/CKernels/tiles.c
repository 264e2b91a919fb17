// Products on the tile unit (Intel AMX), which holds eight matrices of 16 rows × 64 bytes: rows of bf16 or int8 times weights that lie
// tile after tile. oneDNN 2.6 reaches a tenth of what the unit can do, because its tiles come from far away; here the rows are laid
// out tile by tile once, too, in chunks that the second cache holds, and the weights pass by once for each group of rows. Loads of tiles wait
// for memory as no other loads do: what the next ones need is asked for while these multiply.
#include "CKernels.h"
#include <string.h>

enum { side = 16, line = 64, tile = side * line, pair = 2 * side };    // rows of a tile, bytes of one and of all; rows and columns made at once

size_t tile_deep(const struct tile_product *product) { return product->is_int8 ? line : line / 2; }

/// Numbers along the inputs that are worked on at a time, so that `tile_group` rows of them and 32 columns stay in the cache.
static size_t chunk(const struct tile_product *product) {
  size_t deep = tile_deep(product), steps = product->inputs / deep, most = tile_longest / (line / 2);
  size_t chunks = (steps + most - 1) / most;
  return (steps + chunks - 1) / chunks * deep;
}

static size_t whole_pairs(size_t rows) { return (rows + pair - 1) / pair * pair; }

/// A group is laid out chunk after chunk, each as tiles: [rows / 16][steps][16][64 bytes].
void tile_gather(const struct tile_product *product, void *to, const void *x, size_t rows) {
  const size_t all = product->inputs / tile_deep(product), most = chunk(product) / tile_deep(product), padded = whole_pairs(rows);
  char *at = to;
  for (size_t k = 0; k < all; k += most) {
    const size_t steps = all - k < most ? all - k : most;
    for (size_t r = 0; r < padded; r++)
      for (size_t i = 0; i < steps; i++) {
        char *to_row = at + (r / side * steps + i) * tile + r % side * line;
        if (r < rows) memcpy(to_row, (const char *)x + (r * all + k + i) * line, line);
        else memset(to_row, 0, line);
      }
    at += padded * steps * line;
  }
}

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

bool tiles_are_there(void) {
  enum { ask_for_state = 0x1023, tile_data = 18, bf16 = 1 << 22, tiles = 1 << 24, int8 = 1 << 25 };
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & (bf16 | tiles | int8)) != (bf16 | tiles | int8)) return false;
  return syscall(SYS_arch_prctl, ask_for_state, tile_data) == 0;
}

struct tile_shapes {
  uint8_t palette, start, reserved[14];
  uint16_t bytes[16];
  uint8_t rows[16];
};

#pragma clang attribute push(__attribute__((target("amx-tile,amx-bf16,amx-int8,avx512f"))), apply_to = function)

/// A share of the weights of the next 32 columns: some rows of each step, of the left and of the right tile.
struct ahead { const char *left, *right; size_t rows; };

/// At a step of a block: the share of the next weights, for the second cache, and a row of the sums that will be written.
static inline __attribute__((always_inline)) void fetch(const float *y, size_t y_stride, size_t k, struct ahead ahead) {
  for (size_t r = 0; r < ahead.rows; r++) {
    _mm_prefetch(ahead.left + k * tile + r * line, _MM_HINT_T1);
    _mm_prefetch(ahead.right + k * tile + r * line, _MM_HINT_T1);
  }
  if (k >= pair) return;
  const char *sums = (const char *)y + k * y_stride;
  for (int half = 0; half < 2; half++) __builtin_prefetch(sums + half * line, 1);
}

/// 32 rows × 32 columns, added to what the tiles 0 … 3 hold. Weights are loaded as what need not stay in the first cache.
#define STEPS(multiply)                                                                   \
  for (size_t k = 0; k < steps; k++, a += tile, a2 += tile, b += tile, b2 += tile) {      \
    fetch(y, y_stride, k, ahead);                                                         \
    _tile_stream_loadd(6, b, line);                                                       \
    _tile_loadd(4, a, line);                                                              \
    multiply(0, 4, 6);                                                                    \
    _tile_stream_loadd(7, b2, line);                                                      \
    multiply(1, 4, 7);                                                                    \
    _tile_loadd(5, a2, line);                                                             \
    multiply(2, 5, 6);                                                                    \
    multiply(3, 5, 7);                                                                    \
  }

/// Adds products to y, 32 × 32 at `y_stride` bytes.
static void block(float *y, size_t y_stride, const char *a, const char *a2, const char *b, const char *b2, size_t steps,
                  struct ahead ahead, bool is_int8, bool is_first) {
  char *below = (char *)y + side * y_stride;
  if (is_first) {
    _tile_zero(0); _tile_zero(1); _tile_zero(2); _tile_zero(3);
  } else {
    _tile_loadd(0, y, y_stride); _tile_loadd(1, y + side, y_stride);
    _tile_loadd(2, below, y_stride); _tile_loadd(3, below + side * sizeof *y, y_stride);
  }
  if (is_int8) { STEPS(_tile_dpbssd) } else { STEPS(_tile_dpbf16ps) }
  _tile_stored(0, y, y_stride); _tile_stored(1, y + side, y_stride);
  _tile_stored(2, below, y_stride); _tile_stored(3, below + side * sizeof *y, y_stride);
}

/// The ending of 32 × 32 whole sums, of which `columns` are wanted.
static void finish(float *y, size_t y_stride, size_t row, size_t rows, size_t column, size_t columns, const struct tile_ending *ending) {
  const float *bias = ending->bias ? ending->bias + column : NULL, *by_column = ending->by_column ? ending->by_column + column : NULL;
  for (size_t r = 0; r < rows && (bias || by_column); r++) {
    float *at = (float *)((char *)y + r * y_stride);
    if (!by_column) {
      for (size_t c = 0; c < columns; c++) at[c] += bias[c];
      continue;
    }
    const float scale = ending->by_row[row + r];
    for (size_t c = 0; c < columns; c++) {
      int32_t sum;
      memcpy(&sum, at + c, sizeof sum);
      at[c] = bias ? (float)sum * (scale * by_column[c]) + bias[c] : (float)sum * (scale * by_column[c]);
    }
  }
  for (size_t i = 0; i < ending->count; i++) {
    const struct tile_addition *more = ending->additions + i;
    if (column < more->from || column >= more->to) continue;
    const size_t steps = more->inputs / (line / 2);
    const char *a = (const char *)more->rows + row / side * steps * tile, *b = (const char *)more->weights + (column - more->from) / side * steps * tile;
    block(y, y_stride, a, a + steps * tile, b, b + steps * tile, steps, (struct ahead){0}, false, false);
  }
}

static void copy(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++) memcpy((char *)to + r * to_stride, (const char *)from + r * from_stride, columns * sizeof *to);
}

/// Where the tile of 16 columns is whose first input is that of a step.
static const char *tile_at(const struct tile_product *product, const void *weights, size_t column, size_t k) {
  return (const char *)weights + (column / side * (product->inputs / tile_deep(product)) + k) * tile;
}

void tile_multiply(const struct tile_product *product, float *y, const void *x, const void *weights, const struct tile_ending *ending,
                   size_t rows, size_t from, size_t to) {
  struct tile_shapes shapes = {.palette = 1};
  for (int i = 0; i < 8; i++) shapes.rows[i] = side, shapes.bytes[i] = line;
  _tile_loadconfig(&shapes);
  const size_t deep = tile_deep(product), all = product->inputs / deep, most = chunk(product) / deep, stride = product->stride * sizeof *y;
  const size_t padded = whole_pairs(rows), blocks = padded / pair, share = (side + blocks - 1) / blocks;      // of the 16 rows of a step, for each block
  float part[pair * pair];
  for (size_t k = 0; k < all; k += most) {
    const size_t steps = all - k < most ? all - k : most;
    for (size_t column = from; column < to; column += pair) {
      const size_t right = column + side < to ? column + side : column;      // an odd last tile is made twice
      const char *b = tile_at(product, weights, column, k), *b2 = tile_at(product, weights, right, k);
      const size_t columns = right > column ? pair : side;
      const size_t next_column = column + pair < to ? column + pair : from, next_k = column + pair < to || k + steps == all ? k : k + steps;
      const char *next = tile_at(product, weights, next_column, next_k), *next2 = tile_at(product, weights, next_column + side < to ? next_column + side : next_column, next_k);
      for (size_t r = 0; r < rows; r += pair) {
        const size_t here = rows - r < pair ? rows - r : pair;
        const char *a = (const char *)x + (k * padded + r * steps) * line;
        float *target = y + r * product->stride + column;
        const bool is_first = k == 0 && !product->accumulates, is_whole = here == pair && columns == pair;
        float *place = is_whole ? target : part;
        const size_t place_stride = is_whole ? stride : pair * sizeof *part;
        if (!is_whole && !is_first) copy(part, place_stride, target, stride, here, columns);
        const size_t first_row = r / pair * share;
        const struct ahead ahead = {next + first_row * line, next2 + first_row * line, first_row + share < side ? share : first_row < side ? side - first_row : 0};
        block(place, place_stride, a, a + steps * tile, b, b2, steps, ahead, product->is_int8, is_first);
        if (k + steps == all) finish(place, place_stride, r, here, column, columns, ending);
        if (!is_whole) copy(target, stride, part, place_stride, here, columns);
      }
    }
  }
  _tile_release();
}

/// Sixteen rows of sixteen pairs become sixteen pairs of sixteen columns.
static void transpose(char *to, const char *from, size_t row_bytes) {
  __m512i r[side], s[side];
  for (int i = 0; i < side; i++) r[i] = _mm512_loadu_si512(from + i * row_bytes);
  for (int i = 0; i < side; i += 2) s[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]), s[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  for (int i = 0; i < side; i += 4)
    for (int j = 0; j < 2; j++) {
      r[i + 2 * j] = _mm512_unpacklo_epi64(s[i + j], s[i + j + 2]);
      r[i + 2 * j + 1] = _mm512_unpackhi_epi64(s[i + j], s[i + j + 2]);
    }
  // r[4g + c] holds column c of each quarter, for the rows 4g … 4g + 3.
  for (int c = 0; c < 4; c++) {
    __m512i a = _mm512_shuffle_i32x4(r[c], r[4 + c], 0x88), b = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0x88);
    __m512i d = _mm512_shuffle_i32x4(r[c], r[4 + c], 0xDD), e = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0xDD);
    _mm512_store_si512(to + (c) * line, _mm512_shuffle_i32x4(a, b, 0x88));
    _mm512_store_si512(to + (c + 4) * line, _mm512_shuffle_i32x4(d, e, 0x88));
    _mm512_store_si512(to + (c + 8) * line, _mm512_shuffle_i32x4(a, b, 0xDD));
    _mm512_store_si512(to + (c + 12) * line, _mm512_shuffle_i32x4(d, e, 0xDD));
  }
}

void tile_pack(const struct tile_product *product, void *to, const void *rows) {
  const size_t steps = product->inputs / tile_deep(product), row_bytes = steps * line;
  for (size_t column = 0; column < product->outputs; column += side)
    for (size_t k = 0; k < steps; k++)
      transpose((char *)to + (column / side * steps + k) * tile, (const char *)rows + column * row_bytes + k * line, row_bytes);
}
#pragma clang attribute pop

#else
void tile_pack(const struct tile_product *product, void *to, const void *rows) { __builtin_trap(); }
bool tiles_are_there(void) { return false; }
void tile_multiply(const struct tile_product *product, float *y, const void *x, const void *weights, const struct tile_ending *ending,
                   size_t rows, size_t from, size_t to) { __builtin_trap(); }
#endif
