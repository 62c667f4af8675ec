// A depthwise convolution over as many channels as a register has lanes.
//
// The map lies with its border of zeros in memory, (rows, row / kLanes, kLanes), so that no window needs a check. A row of
// several outputs is kept in registers, and every value that is loaded serves all of their windows.
#pragma once

#include "lanes.h"

namespace opbench::OPBENCH_VARIANT {

// One register's worth of channels: taps (height * width, kLanes) and behind them the bias.
struct Taps {
  int64_t height, width, stride;
  bool hardswish;
  int64_t floats() const { return (height * width + 1) * kLanes; }
};

// in: the first window's first value. Floats from one row to the next, and from one output pixel to the next.
struct Filtered {
  const float* in;
  int64_t in_row;
  float* out;
  int64_t out_row, out_pixel;
  int64_t rows, columns;
  Span image;  // rows of `in`, counted from its first, outside which all is zero: no window looks there

  // Rows of a window of `height` that begins in row `start`.
  Span seen(int64_t start, int64_t height) const {
    const int64_t from = larger(0, image.from - start);
    return {from, larger(from, smaller(height, image.to - start))};
  }
};

// T outputs of a row, of windows whose rows [seen.from, seen.to) count.
template <int K, int S, int T>
inline void filter_tile(const float* in, int64_t in_row, const float* taps, Span seen, bool activate, float* out,
                        int64_t out_pixel) {
  Floats::Lanes sums[T];
  const Floats::Lanes bias = Floats::load(taps + K * K * kLanes).lanes;
#pragma GCC unroll 16
  for (int t = 0; t < T; ++t) sums[t] = bias;
  in += seen.from * in_row;
  taps += seen.from * K * kLanes;
  for (int64_t ky = seen.from; ky < seen.to; ++ky, in += in_row, taps += K * kLanes) {
    Floats::Lanes tap[K];
#pragma GCC unroll 16
    for (int kx = 0; kx < K; ++kx) tap[kx] = Floats::load(taps + kx * kLanes).lanes;
#pragma GCC unroll 32
    for (int i = 0; i < (T - 1) * S + K; ++i) {
      const Floats::Lanes value = Floats::load(in + i * kLanes).lanes;
#pragma GCC unroll 16
      for (int kx = 0; kx < K; ++kx) {
        if (i >= kx && (i - kx) % S == 0 && (i - kx) / S < T) sums[(i - kx) / S] += value * tap[kx];
      }
    }
  }
#pragma GCC unroll 16
  for (int t = 0; t < T; ++t) {
    const Floats sum = sums[t];
    (activate ? hardswish(sum) : sum).store(out + t * out_pixel);
  }
}

constexpr int kAbreast = 7;  // outputs in registers together: all maps of images of 224 pixels divide by it, but 3x3

// T at a time. Columns that are no multiple of T end with a tile that overlaps the one before.
template <int K, int S, int T>
void filter_abreast(const Filtered& f, const float* taps, bool activate) {
  for (int64_t y = 0; y < f.rows; ++y) {
    const Span seen = f.seen(y * S, K);
    for (int64_t x = 0; x < f.columns; x += T) {
      const int64_t at = smaller(x, f.columns - T);
      filter_tile<K, S, T>(f.in + y * S * f.in_row + at * S * kLanes, f.in_row, taps, seen, activate,
                           f.out + y * f.out_row + at * f.out_pixel, f.out_pixel);
    }
  }
}

// Narrow maps have fewer abreast; one at a time, each sum would wait for the addition before. With that and the rows that
// are left out, 256 channels of 3x3 expanded to 886 under a 7x7 window take 88 us where they took 113, and at 7x7 334 where
// they took 346 to 367: one thread of an Intel Xeon (family 6, model 207).
template <int K, int S>
void filter_fixed(const Filtered& f, const float* taps, bool activate) {
  if (f.columns >= kAbreast) return filter_abreast<K, S, kAbreast>(f, taps, activate);
  if (f.columns >= 4) return filter_abreast<K, S, 4>(f, taps, activate);
  if (f.columns == 3) return filter_abreast<K, S, 3>(f, taps, activate);
  if (f.columns == 2) return filter_abreast<K, S, 2>(f, taps, activate);
  filter_abreast<K, S, 1>(f, taps, activate);
}

// Any window, one output at a time.
inline void filter_any(const Filtered& f, const Taps& t, const float* taps) {
  for (int64_t y = 0; y < f.rows; ++y) {
    const Span seen = f.seen(y * t.stride, t.height);
    for (int64_t x = 0; x < f.columns; ++x) {
      const float* in = f.in + (y * t.stride + seen.from) * f.in_row + x * t.stride * kLanes;
      Floats::Lanes sum = Floats::load(taps + t.height * t.width * kLanes).lanes;
      for (int64_t ky = seen.from; ky < seen.to; ++ky, in += f.in_row) {
        for (int64_t kx = 0; kx < t.width; ++kx) {
          sum += Floats::load(in + kx * kLanes).lanes * Floats::load(taps + (ky * t.width + kx) * kLanes).lanes;
        }
      }
      (t.hardswish ? hardswish(Floats(sum)) : Floats(sum)).store(f.out + y * f.out_row + x * f.out_pixel);
    }
  }
}

inline void filter(const Filtered& f, const Taps& t, const float* taps) {
  if (t.height == t.width && f.columns > 0) {
    if (t.stride == 1 && t.width == 3) return filter_fixed<3, 1>(f, taps, t.hardswish);
    if (t.stride == 1 && t.width == 5) return filter_fixed<5, 1>(f, taps, t.hardswish);
    if (t.stride == 1 && t.width == 7) return filter_fixed<7, 1>(f, taps, t.hardswish);
    if (t.stride == 2 && t.width == 2) return filter_fixed<2, 2>(f, taps, t.hardswish);
  }
  filter_any(f, t, taps);
}

// One channel's taps and bias into its lane of what `filter` reads.
inline void pack_taps(const Taps& t, const float* weight, const float* bias, int64_t lane, int64_t channel, float* packed) {
  const int64_t area = t.height * t.width;
  for (int64_t tap = 0; tap < area; ++tap) packed[tap * kLanes + lane] = weight[channel * area + tap];
  packed[area * kLanes + lane] = bias[channel];
}

}  // namespace opbench::OPBENCH_VARIANT
