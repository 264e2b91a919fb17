// Attention on the tile unit. Keys pass by in pieces that the second cache holds with their scores; the softmax is made as they come
// (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018): where a later piece holds a larger score, what the
// earlier ones gave is made smaller. The cut depends on the number of keys alone.
#include "rows.h"

enum { side = 16, deep = 32, line = 64, longest_piece = 512 };

static size_t whole(size_t count) { return (count + deep - 1) / deep * deep; }

/// Keys of all pieces but the last, which may have fewer.
static size_t piece_of(size_t keys) {
  size_t pieces = (whole(keys) + longest_piece - 1) / longest_piece;
  return whole((keys + pieces - 1) / pieces);
}

size_t tile_attention_bytes(const struct tile_attention *attention) { return whole(attention->keys) * attention->depth * sizeof(uint16_t); }

size_t tile_attention_scratch(const struct tile_attention *attention, size_t queries) {
  return whole(queries) * (attention->depth * sizeof(uint16_t) + piece_of(attention->keys) * (sizeof(float) + sizeof(uint16_t)));
}

#if defined(__x86_64__) && defined(__linux__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c"))), apply_to = function)

/// Keys become the weights of a product with `depth` inputs: tile_pack's layout, with zeros after the last.
static void pack_keys(const struct tile_attention *attention, char *to, const uint16_t *keys) {
  const size_t depth = attention->depth, full = attention->keys / side * side, row = depth * sizeof *keys;
  struct tile_product product = {.outputs = full, .inputs = depth};
  tile_pack(&product, to, keys);
  uint16_t last[side * tile_deepest];
  product.outputs = side;
  for (size_t first = full; first < whole(attention->keys); first += side) {
    const size_t left = first < attention->keys ? attention->keys - first : 0;
    memset(last, 0, side * row);
    memcpy(last, keys + first * depth, left * row);
    tile_pack(&product, to + first * row, last);
  }
}

/// Values become the weights of a product with a piece of the keys as inputs: pairs of keys stand together.
static void pack_values(const struct tile_attention *attention, char *to, const uint16_t *values) {
  static const uint16_t none[side];
  const size_t depth = attention->depth, keys = attention->keys, piece = piece_of(keys);
  for (size_t first = 0; first < keys; first += piece) {
    const size_t left = whole(keys) - first < piece ? whole(keys) - first : piece, steps = left / deep;
    for (size_t key = 0; key < left; key += 2)
      for (size_t column = 0; column < depth; column += side) {
        const uint16_t *a = first + key < keys ? values + (first + key) * depth + column : none;
        const uint16_t *b = first + key + 1 < keys ? values + (first + key + 1) * depth + column : none;
        uint16_t *pairs = (uint16_t *)(to + ((column / side * steps + key / deep) * side + key % deep / 2) * line);
        for (size_t i = 0; i < side; i++) pairs[2 * i] = a[i], pairs[2 * i + 1] = b[i];
      }
    to += left * depth * sizeof *values;
  }
}

void tile_attention_pack(const struct tile_attention *attention, void *keys_to, void *values_to, const void *keys, const void *values) {
  pack_keys(attention, keys_to, keys);
  pack_values(attention, values_to, values);
}

/// A row's softmax so far: the largest score, and the sum of the exponentials below it.
struct row { float largest, sum; };

/// The weights of one row's piece of keys, as tile_multiply takes its rows, and what all earlier ones are to be multiplied by.
static float weigh(struct row *row, char *tiles, const float *scores, size_t columns, float scale) {
  _Pragma("clang fp reassociate(on) contract(fast)")
  float kept[longest_piece], largest = fmaxf(row->largest, largest_of(scores, columns)), sum = 0;
  for (size_t c = 0; c < columns; c++) kept[c] = exponential(scale * (scores[c] - largest));
  for (size_t c = columns; c < whole(columns); c++) kept[c] = 0;
  for (size_t c = 0; c < columns; c++) sum += kept[c];
  for (size_t c = 0; c < columns; c += deep) {
    round_row((uint16_t *)(tiles + c / deep * side * line), kept + c, deep);
  }
  const float factor = exponential(scale * (row->largest - largest));
  *row = (struct row){largest, row->sum * factor + sum};
  return factor;
}

static void scale_row(float *y, float factor, size_t depth) {
  for (size_t c = 0; c < depth; c++) y[c] *= factor;
}

void tile_attend(const struct tile_attention *attention, float *y, const void *queries_from, const void *keys, const void *values,
                 size_t queries, void *scratch) {
  const struct tile_ending none = {0};
  const size_t depth = attention->depth, piece = piece_of(attention->keys), rows = whole(queries);
  char *asked = scratch, *weights = asked + rows * depth * sizeof(uint16_t);
  float *scores = (float *)(weights + rows * piece * sizeof(uint16_t));
  struct tile_product scoring = {.inputs = depth, .stride = piece}, mixing = {.outputs = depth, .stride = attention->stride};
  struct row so_far[tile_group];
  for (size_t r = 0; r < queries; r++) so_far[r] = (struct row){-INFINITY, 0};
  tile_gather(&scoring, asked, queries_from, queries);
  for (size_t first = 0; first < attention->keys; first += piece) {
    const size_t columns = attention->keys - first < piece ? attention->keys - first : piece, place = first * depth * sizeof(uint16_t);
    scoring.outputs = mixing.inputs = whole(columns);
    tile_multiply(&scoring, scores, asked, (const char *)keys + place, &none, queries, 0, scoring.outputs);
    for (size_t r = 0; r < queries; r++) {
      char *tiles = weights + (r / side * (mixing.inputs / deep) * side + r % side) * line;
      const float factor = weigh(so_far + r, tiles, scores + r * piece, columns, attention->scale);
      if (first > 0 && factor != 1) scale_row(y + r * attention->stride, factor, depth);
    }
    mixing.accumulates = first > 0;
    tile_multiply(&mixing, y, weights, (const char *)values + place, &none, queries, 0, depth);
  }
  for (size_t r = 0; r < queries; r++) scale_row(y + r * attention->stride, 1 / so_far[r].sum, depth);
}
#pragma clang attribute pop

#else
void tile_attention_pack(const struct tile_attention *attention, void *keys_to, void *values_to, const void *keys, const void *values) { __builtin_trap(); }
void tile_attend(const struct tile_attention *attention, float *y, const void *queries_from, const void *keys, const void *values,
                 size_t queries, void *scratch) { __builtin_trap(); }
#endif
