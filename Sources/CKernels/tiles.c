// Products on the tile unit (Intel AMX), which holds eight matrices of 16 rows × 64 bytes: rows of bf16 or int8 times weights as
// oneDNN packs them. oneDNN 2.6 reaches a tenth of what the unit can do, because its tiles come from far away; here the rows of a
// piece are copied tile by tile into what the second cache holds, and the weights pass by once for each group of rows.
#include "CKernels.h"
#include <string.h>

enum { side = 16, line = 64, pair = 2 * side };        // rows of a tile, bytes of one, rows and columns that are made at once

size_t tile_deep(const struct tile_product *product) { return product->is_int8 ? line : line / 2; }

/// Numbers along the inputs that are worked on at a time, so that `tile_group` rows of them and 32 columns stay in the cache.
static size_t chunk(const struct tile_product *product) {
  size_t deep = tile_deep(product), steps = product->inputs / deep, most = 64;
  size_t chunks = (steps + most - 1) / most;
  return (steps + chunks - 1) / chunks * deep;
}

size_t tile_scratch(const struct tile_product *product) { return tile_group * (chunk(product) / tile_deep(product)) * line; }

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

bool tiles_are_there(void) {
  enum { ask_for_state = 0x1023, tile_data = 18, bf16 = 1 << 22, tile = 1 << 24, int8 = 1 << 25 };
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & (bf16 | tile | int8)) != (bf16 | tile | int8)) return false;
  return syscall(SYS_arch_prctl, ask_for_state, tile_data) == 0;
}

struct tile_shapes {
  uint8_t palette, start, reserved[14];
  uint16_t bytes[16];
  uint8_t rows[16];
};

#pragma clang attribute push(__attribute__((target("amx-tile,amx-bf16,amx-int8,avx512f"))), apply_to = function)

/// 32 rows × 32 columns, added to what the tiles 0 … 3 hold.
#define STEPS(multiply)                                                                                 \
  for (size_t k = 0; k < steps; k++, a += side * line, a2 += side * line, b += deep_bytes, b2 += deep_bytes) { \
    _tile_loadd(6, b, stride);                                                                          \
    _tile_loadd(4, a, line);                                                                            \
    multiply(0, 4, 6);                                                                                  \
    _tile_loadd(7, b2, stride);                                                                         \
    multiply(1, 4, 7);                                                                                  \
    _tile_loadd(5, a2, line);                                                                           \
    multiply(2, 5, 6);                                                                                  \
    multiply(3, 5, 7);                                                                                  \
  }

/// Adds the products of one chunk to y, 32 × 32 at `stride` bytes.
static void block(float *y, size_t y_stride, const char *a, const char *a2, const char *b, const char *b2, size_t steps,
                  const struct tile_product *product, bool is_first) {
  size_t stride = 4 * product->block, deep_bytes = side * stride;
  char *below = (char *)y + side * y_stride;
  if (is_first) {
    _tile_zero(0); _tile_zero(1); _tile_zero(2); _tile_zero(3);
  } else {
    _tile_loadd(0, y, y_stride); _tile_loadd(1, y + side, y_stride);
    _tile_loadd(2, below, y_stride); _tile_loadd(3, below + side * sizeof *y, y_stride);
  }
  if (product->is_int8) { STEPS(_tile_dpbssd) } else { STEPS(_tile_dpbf16ps) }
  _tile_stored(0, y, y_stride); _tile_stored(1, y + side, y_stride);
  _tile_stored(2, below, y_stride); _tile_stored(3, below + side * sizeof *y, y_stride);
}

/// Rows of one chunk as tiles, [rows / 16][steps][16][64 bytes]; rows that there are not are zeros.
static void gather(char *to, const char *x, size_t row_bytes, size_t rows, size_t steps) {
  for (size_t r = 0; r < (rows + pair - 1) / pair * pair; r++)
    for (size_t k = 0; k < steps; k++) {
      char *at = to + ((r / side * steps + k) * side + r % side) * line;
      if (r < rows) memcpy(at, x + r * row_bytes + k * line, line);
      else memset(at, 0, line);
    }
}

static void copy(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++) memcpy((char *)to + r * to_stride, (const char *)from + r * from_stride, columns * sizeof *to);
}

void tile_multiply(const struct tile_product *product, float *y, const void *x, const void *weights, const float *bias, size_t rows,
                   size_t from, size_t to, void *scratch) {
  struct tile_shapes shapes = {.palette = 1};
  for (int tile = 0; tile < 8; tile++) shapes.rows[tile] = side, shapes.bytes[tile] = line;
  _tile_loadconfig(&shapes);
  const size_t deep = tile_deep(product), all = product->inputs / deep, most = chunk(product) / deep, stride = product->outputs * sizeof *y;
  const size_t row_bytes = all * line, step = side * 4 * product->block;
  float part[pair * pair];
  for (size_t k = 0; k < all; k += most) {
    const size_t steps = all - k < most ? all - k : most;
    gather(scratch, (const char *)x + k * line, row_bytes, rows, steps);
    for (size_t column = from; column < to; column += pair) {
      const size_t right = column + side < to ? column + side : column;      // an odd last tile is made twice
      const char *b = (const char *)weights + (column / product->block * all + k) * step + column % product->block * 4;
      const char *b2 = (const char *)weights + (right / product->block * all + k) * step + right % product->block * 4;
      const size_t columns = right > column ? pair : side;
      for (size_t r = 0; r < rows; r += pair) {
        const size_t here = rows - r < pair ? rows - r : pair;
        const char *a = (const char *)scratch + r / side * steps * side * line;
        float *target = y + r * product->outputs + column;
        if (here == pair && columns == pair) {
          block(target, stride, a, a + steps * side * line, b, b2, steps, product, k == 0);
        } else {
          if (k > 0) copy(part, pair * sizeof *part, target, stride, here, columns);
          block(part, pair * sizeof *part, a, a + steps * side * line, b, b2, steps, product, k == 0);
          copy(target, stride, part, pair * sizeof *part, here, columns);
        }
        if (bias && k + steps == all)
          for (size_t i = 0; i < here; i++)
            for (size_t c = 0; c < columns; c++) target[i * product->outputs + c] += bias[column + c];
      }
    }
  }
  _tile_release();
}
#pragma clang attribute pop

#else
bool tiles_are_there(void) { return false; }
void tile_multiply(const struct tile_product *product, float *y, const void *x, const void *weights, const float *bias, size_t rows,
                   size_t from, size_t to, void *scratch) { __builtin_trap(); }
#endif
