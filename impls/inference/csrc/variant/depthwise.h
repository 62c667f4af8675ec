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
};

template <int K, int S, int T>
inline void filter_tile(const float* in, int64_t in_row, const float* taps, bool activate, float* out, int64_t out_pixel) {
  Floats::Lanes sums[T];
  const Floats::Lanes bias = Floats::load(taps + K * K * kLanes).lanes;
#pragma GCC unroll 16
  for (int t = 0; t < T; ++t) sums[t] = bias;
  for (int ky = 0; ky < K; ++ky, in += in_row, taps += K * kLanes) {
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

constexpr int64_t kAbreast = 7;  // outputs in registers together: all maps of images of 224 pixels divide by it

// Columns that are no multiple of kAbreast end with a tile that overlaps the one before.
template <int K, int S>
void filter_fixed(const Filtered& f, const float* taps, bool activate) {
  for (int64_t y = 0; y < f.rows; ++y) {
    for (int64_t x = 0; x < f.columns; x += kAbreast) {
      const int64_t at = smaller(x, f.columns - kAbreast);
      filter_tile<K, S, kAbreast>(f.in + y * S * f.in_row + at * S * kLanes, f.in_row, taps, activate,
                                  f.out + y * f.out_row + at * f.out_pixel, f.out_pixel);
    }
  }
}

// Any window, one output at a time.
inline void filter_any(const Filtered& f, const Taps& t, const float* taps) {
  for (int64_t y = 0; y < f.rows; ++y) {
    for (int64_t x = 0; x < f.columns; ++x) {
      const float* in = f.in + y * t.stride * f.in_row + x * t.stride * kLanes;
      Floats::Lanes sum = Floats::load(taps + t.height * t.width * kLanes).lanes;
      for (int64_t ky = 0; ky < t.height; ++ky, in += f.in_row) {
        for (int64_t kx = 0; kx < t.width; ++kx) {
          sum += Floats::load(in + kx * kLanes).lanes * Floats::load(taps + (ky * t.width + kx) * kLanes).lanes;
        }
      }
      (t.hardswish ? hardswish(Floats(sum)) : Floats(sum)).store(f.out + y * f.out_row + x * f.out_pixel);
    }
  }
}

inline void filter(const Filtered& f, const Taps& t, const float* taps) {
  if (t.height == t.width && f.columns >= kAbreast) {
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
