// Every kernel in plain C with the C library's functions and double accumulators: the oracle for the fast ones.
#include "rows.h"

static void layer_norm(void *restrict y, enum row_encoding to, const float *restrict x, const float *gain,
                       const float *offset, size_t rows, size_t width, float epsilon) {
  for (size_t r = 0; r < rows; r++) {
    const float *row = x + r * width;
    double sum = 0, squares = 0;
    for (size_t c = 0; c < width; c++) sum += row[c];
    double mean = sum / (double)width;
    for (size_t c = 0; c < width; c++) squares += (row[c] - mean) * (row[c] - mean);
    double inverse = 1 / sqrt(squares / (double)width + epsilon);
    void *out = row_at(y, to, r * width);
    for (size_t c = 0; c < width; c++)
      put(out, to, c, (float)((row[c] - mean) * inverse * (gain ? gain[c] : 1) + (offset ? offset[c] : 0)));
  }
}

static double inverse_rms(const float *row, size_t width, float epsilon) {
  double squares = 0;
  for (size_t c = 0; c < width; c++) squares += (double)row[c] * row[c];
  return 1 / sqrt(squares / (double)width + epsilon);
}

static void rms_norm(void *restrict y, enum row_encoding to, const float *restrict x, const float *restrict gain,
                     size_t rows, size_t width, float epsilon) {
  for (size_t r = 0; r < rows; r++) {
    double inverse = inverse_rms(x + r * width, width, epsilon);
    void *out = row_at(y, to, r * width);
    for (size_t c = 0; c < width; c++) put(out, to, c, (float)(x[r * width + c] * inverse * gain[c]));
  }
}

static void split_heads(void *restrict y, enum row_encoding to, const float *restrict x, const float *gain,
                        const float *cosines, const float *sines, struct head_layout at, float epsilon) {
  for (size_t t = 0; t < at.tokens; t++)
    for (size_t h = 0; h < at.heads; h++) {
      const float *in = x + t * at.x_stride + h * at.depth;
      void *out = row_at(y, to, (h * at.y_tokens + at.y_first + t) * at.depth);
      double inverse = gain ? inverse_rms(in, at.depth, epsilon) : 1;
      for (size_t c = 0; c < at.depth; c++) {
        size_t other = c ^ 1;
        float here = (float)(in[c] * inverse) * (gain ? gain[c] : 1);
        if (cosines && sines) {
          float there = (float)(in[other] * inverse) * (gain ? gain[other] : 1);
          float turned = c & 1 ? there : -there;
          here = here * cosines[t * at.depth + c] + turned * sines[t * at.depth + c];
        }
        put(out, to, c, here);
      }
    }
}

static void softmax(void *restrict p, enum row_encoding to, const float *restrict s, const float *bias,
                    size_t bias_stride, float scale, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++) {
    const float *row = s + r * columns, *extra = bias ? bias + r * bias_stride : NULL;
    float largest = -INFINITY;
    for (size_t c = 0; c < columns; c++) {
      float value = scale * row[c] + (extra ? extra[c] : 0);
      if (value > largest) largest = value;
    }
    double sum = 0;
    for (size_t c = 0; c < columns; c++) sum += exp((double)(scale * row[c] + (extra ? extra[c] : 0)) - largest);
    void *out = row_at(p, to, r * columns);
    for (size_t c = 0; c < columns; c++)
      put(out, to, c, (float)(exp((double)(scale * row[c] + (extra ? extra[c] : 0)) - largest) / sum));
  }
}

static float gelu(float x) { return 0.5f * x * (1 + tanhf(0.7978845608028654f * (x + 0.044715f * x * x * x))); }

static void gelu_tanh(void *restrict y, enum row_encoding to, size_t y_stride, const float *restrict x, size_t x_stride,
                      size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < width; c++) put(row_at(y, to, r * y_stride), to, c, gelu(x[r * x_stride + c]));
}

static void gelu_gated(void *restrict y, enum row_encoding to, const float *restrict a, const float *restrict b, size_t count) {
  for (size_t i = 0; i < count; i++) put(y, to, i, gelu(a[i]) * b[i]);
}

static void gelu_quick(void *restrict y, enum row_encoding to, const float *restrict x, size_t count) {
  for (size_t i = 0; i < count; i++) put(y, to, i, x[i] / (1 + expf(-1.702f * x[i])));
}

static void silu(void *restrict y, enum row_encoding to, const float *restrict x, size_t count) {
  for (size_t i = 0; i < count; i++) put(y, to, i, x[i] / (1 + expf(-x[i])));
}

static void gated_add(float *restrict x, const float *restrict y, const float *gate, size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < width; c++) x[r * width + c] += (gate ? gate[c] : 1) * y[r * width + c];
}

static void channel_sums(double *restrict sums, double *restrict squares, const float *restrict x, size_t rows, size_t channels) {
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < channels; c++) {
      double value = x[r * channels + c];
      sums[c] += value;
      squares[c] += value * value;
    }
}

static void scale_channels(void *restrict y, enum row_encoding to, const float *restrict x, const float *restrict gain,
                           const float *restrict offset, int with_silu, size_t rows, size_t channels) {
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < channels; c++) {
      float value = x[r * channels + c] * gain[c] + offset[c];
      put(y, to, r * channels + c, with_silu ? value / (1 + expf(-value)) : value);
    }
}

static void f32_from_bf16(float *restrict y, const uint16_t *restrict x, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] = f32_of_bf16(x[i]);
}

static void f32_from_f16(float *restrict y, const uint16_t *restrict x, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] = f32_of_f16(x[i]);
}

#include "int8.inc"
#include "unpack.inc"

const struct kernels kernels_portable = {
  "portable", layer_norm, rms_norm, split_heads, softmax, gelu_tanh, gelu_gated, gelu_quick, silu, gated_add,
  channel_sums, scale_channels, round_row, f32_from_bf16, f32_from_f16, unpack, turn_rows,
  quantise_rows, scale_sums, {0}, NULL, NULL, NULL,
};
