// The gradients of ach_expand, over the same tiles as the products' (backward.h). The normalised products are made
// again rather than kept from the forward: that costs less than reading them would.

#pragma once

#include "pairs.h"
#include "positions.h"
#include "vector/memory.h"
#include "vector/norms.h"

namespace opbench::OPBENCH_VARIANT {

// Bytes of grad worth a thread of their own. One thread takes 17 to 25 us for the 119 to 169 KiB of ACH's own small
// shapes, of which a second could save 10, and costs milliseconds when it is put aside.
constexpr int64_t kExpandBackwardPart = int64_t{128} << 10;

// What one map of one tile adds to the gradients of its pair's weight and bias, and of alpha, lane by lane.
template <typename Sum>
struct Sums {
  Vec<Sum> weight = Vec<Sum>(0), bias = Vec<Sum>(0), alpha = Vec<Sum>(0);
};

// With h = grad * weight * f'(u) * alpha: adds h * z_j to the sum of i and h * z_i to the sum of j.
template <typename N, typename T, typename Sum = Accumulate<T>>
inline void add_map(const T* grad, const Sum* z_i, const Sum* z_j, Sum* sum_i, Sum* sum_j, int64_t count, Sum alpha,
                    Sum weight, Sums<Sum>& of, const T* next) {
  using V = Vec<Sum>;
  const V by(alpha), times(weight);
  for (int64_t s = 0; s < count; s += Wide<T>::width) {
    const auto parts = Wide<T>::load(grad + s, count - s);
    prefetch(next + s);
    for (int64_t part = 0; part < Wide<T>::parts; ++part) {
      const int64_t at = s + part * Wide<T>::part;
      const V first = V::load(z_i + at), second = V::load(z_j + at), g = parts[part];
      const V product = first * second;
      const auto f = N::sloped(argument<N>(by * product));
      const V sloped = g * times * f.slope, h = sloped * by;
      of.weight = multiply_add(g, f.value, of.weight);
      of.bias = of.bias + g;
      of.alpha = multiply_add(sloped, argument<N>(product), of.alpha);  // slope 0 out there, not NaN
      multiply_add(h, second, V::load(sum_i + at)).store(sum_i + at);
      multiply_add(h, first, V::load(sum_j + at)).store(sum_j + at);
    }
  }
}

// One tile of one sample; its parts of the parameters' gradients go to `weight` and `bias` (P,) and to the result.
template <typename N, typename T, typename Sum = Accumulate<T>>
double add_tile(const T* grad, const Normaliser<T>& normaliser, const Sum* z, Sum* sums, Sum* weight, Sum* bias,
                const Sizes& sizes, int64_t count) {
  const int64_t n = sizes.n, stride = row_stride<T>(count);
  double alpha = 0;
  for (int64_t i = 0, p = 0; i < n; ++i) {
    Sums<Sum> row;
    for (int64_t j = i + 1; j < n; ++j, ++p, grad += sizes.size) {
      row.weight = row.bias = Vec<Sum>(0);
      add_map<N, T>(grad, z + i * stride, z + j * stride, sums + i * stride, sums + j * stride, count,
                    normaliser.alpha, normaliser.weight[p], row, grad + sizes.size);
      weight[p] = lane_sum(row.weight);
      bias[p] = lane_sum(row.bias);
    }
    alpha += static_cast<double>(lane_sum(row.alpha));
  }
  return alpha;
}

template <typename Pool, typename T>
void expand_backward(const Pool& pool, const T* grad, const T* x, const int64_t* index, const Normaliser<T>& normaliser,
                     T* grad_x, double* grad_weight, double* grad_bias, double* grad_alpha, const Sizes& sizes) {
  using Sum = Accumulate<T>;
  const int64_t n = sizes.n, size = sizes.size, pairs = pair_count(n), channels = sizes.channels;
  std::fill(grad_weight, grad_weight + pairs, 0.0);
  std::fill(grad_bias, grad_bias + pairs, 0.0);
  *grad_alpha = 0;
  if (sizes.empty()) return;
  const int64_t most = positions_at_a_time<T>(pool, sizes, fitting_nearest<T>(2 * n)), tiles = (size + most - 1) / most;
  const int64_t each = std::max<int64_t>(1, (channels + pairs) * most), row = row_stride<T>(most);
  const int64_t units = sizes.batch * tiles;
  std::vector<Sum> parts(units * 2 * pairs);  // per unit: of weight (P,), of bias (P,)
  std::vector<double> alphas(units);
  double (*tile)(const T*, const Normaliser<T>&, const Sum*, Sum*, Sum*, Sum*, const Sizes&, int64_t) = nullptr;
  with_norm(normaliser.norm, [&](auto norm) { tile = add_tile<decltype(norm), T>; });
  pool.parallel_for(units, units_a_thread<T>(kExpandBackwardPart, each), [&](int64_t from, int64_t to) {
    const Scratch<Sum> scratch(2 * n * row);
    Choices choices(sizes);
    for (int64_t unit = from; unit < to; ++unit) {
      const int64_t b = unit / tiles, start = unit % tiles * most, count = std::min(most, size - start);
      const int64_t stride = row_stride<T>(count);
      Sum *z = scratch.data(), *sums = z + n * stride, *part = parts.data() + unit * 2 * pairs;
      const T* sample = grad + b * (channels + pairs) * size;
      pack(x + b * channels * size, index + b * n, sizes, {start, count}, z);
      std::fill(sums, sums + n * stride, Sum{0});
      alphas[unit] = tile(sample + channels * size + start, normaliser, z, sums, part, part + pairs, sizes, count);
      choices.load(index + b * n);
      write_gradient<T>(sums, choices, sample, grad_x + b * channels * size, sizes, {start, count});
    }
  });
  for (int64_t unit = 0; unit < units; ++unit) {  // in the units' order, whoever made them
    const Sum* part = parts.data() + unit * 2 * pairs;
    for (int64_t p = 0; p < pairs; ++p) grad_weight[p] += static_cast<double>(part[p]);
    for (int64_t p = 0; p < pairs; ++p) grad_bias[p] += static_cast<double>(part[pairs + p]);
    *grad_alpha += alphas[unit];
  }
}

}  // namespace opbench::OPBENCH_VARIANT
