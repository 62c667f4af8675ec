// The operators as functions of a node's context: shapes checked, the output asked for, the products made.
//
// x, index and taps may come from anywhere, so nothing about them is believed: a wrong one would touch memory of others.
#pragma once

#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

// One variant of the kernels: the library is compiled for this very machine.
#define OPBENCH_VARIANT native
#include "../../cross_hadamard/csrc/cpu/schedules.h"
#include "../../cross_hadamard/csrc/cpu/selection.h"
#include "context.h"
#include "ranking.h"

namespace opbench {

// What a node says once. k: channels selected, of the operators that select.
struct Settings {
  int64_t k = 0;
  Schedule schedule = Schedule::flat;
  Norm norm = Norm::identity;
};

// From which size of an output on, in bytes, its stores go around the caches: an output of a session is in the memory of
// others before it, and in the caches from there. Until it is said: two cores' share of a large socket.
inline std::atomic<int64_t>& stream_from() {
  static std::atomic<int64_t> bytes{int64_t{32} << 20};
  return bytes;
}

inline Schedule schedule_named(const OrtApi& api, const std::string& name) {
  if (name.empty()) return Schedule::flat;
  if (name == "direct") return Schedule::direct;
  if (name == "balanced") return Schedule::balanced;
  refuse(api, "schedule is '" + name + "'; expected direct, balanced or none");
}

inline Sizes sizes_of(const Context& context, const Input& x, int64_t n) {
  const auto& shape = x.shape();
  if (shape.size() < 2) refuse(context.api, "x has shape " + text(shape) + "; expected (batch, channels, ...)");
  int64_t size = 1;
  for (size_t axis = 2; axis < shape.size(); ++axis) size *= shape[axis];
  return {shape[0], shape[1], n, size};
}

// n again, where an int64 can count its pairs.
inline int64_t checked_n(const Context& context, int64_t n) {
  if (n <= kMostChannels) return n;
  refuse(context.api, "n is " + std::to_string(n) + " channels, whose pairs an int64 cannot count; expected n <= " +
                  std::to_string(kMostChannels));
}

inline const int64_t* checked_index(const Context& context, const Input& index, const Sizes& sizes) {
  const auto& shape = index.shape();
  if (shape.size() != 2 || shape[0] != sizes.batch) {
    refuse(context.api, "index has shape " + text(shape) + "; expected (" + std::to_string(sizes.batch) + ", k)");
  }
  const int64_t* values = index.data<int64_t>();
  for (int64_t at = 0; at < index.count(); ++at) {
    if (values[at] < 0 || values[at] >= sizes.channels) {
      refuse(context.api, "index holds " + std::to_string(values[at]) + "; expected 0 to " + std::to_string(sizes.channels - 1));
    }
  }
  return values;
}

// alpha, weight and bias from input `at` on.
template <typename T>
Normaliser<T> checked_normaliser(const Context& context, Norm norm, size_t at, int64_t pairs) {
  const Input alpha(context, at), weight(context, at + 1), bias(context, at + 2);
  if (alpha.count() != 1) refuse(context.api, "alpha has shape " + text(alpha.shape()) + "; expected one value");
  if (weight.count() != pairs || bias.count() != pairs) {
    refuse(context.api, "weight and bias have shapes " + text(weight.shape()) + " and " + text(bias.shape()) + "; expected (" +
                    std::to_string(pairs) + ") each");
  }
  return {norm, *alpha.data<float>(), weight.data<float>(), bias.data<float>()};
}

// An output (batch, channels, *spatial), and how to store to it.
template <typename T>
struct Output {
  T* data;
  Stores stores;
};

template <typename T>
Output<T> output_of(const Context& context, const Input& x, const Sizes& sizes, int64_t channels) {
  std::vector<int64_t> shape = x.shape();
  shape[1] = channels;
  T* data = output<T>(context, shape);
  if (sizes.empty() || channels == 0) return {data, Stores::cached};  // and has no address
  const int64_t bytes = sizes.batch * channels * sizes.size * static_cast<int64_t>(sizeof(T));
#if defined(OPBENCH_FILLED)
  context.parallel_for(bytes, Context::kExpandPart, [&](int64_t from, int64_t to) {
    std::memset(reinterpret_cast<char*>(data) + from, 0, to - from);
  });
#endif
  return {data, bytes >= stream_from() ? Stores::streaming : Stores::cached};
}

// For measuring what an operator could save at most. Free: the output is not written at all. Filled: it is written, with
// zeros, and nothing is read.
#if defined(OPBENCH_FREE) || defined(OPBENCH_FILLED)
constexpr bool kFree = true;
#else
constexpr bool kFree = false;
#endif

// x (B, C, *spatial), index (B, k) or none -> (B, P, *spatial).
template <typename T>
void cross_hadamard(const Context& context, const Settings& settings) {
  const Input x(context, 0);
  size_t inputs = 0;
  check(context.api.KernelContext_GetInputCount(context.node, &inputs));
  const Input index = inputs > 1 ? Input(context, 1) : Input();
  Sizes sizes = sizes_of(context, x, 0);
  const int64_t* chosen = index.data<int64_t>() == nullptr ? nullptr : checked_index(context, index, sizes);
  sizes.n = checked_n(context, chosen == nullptr ? sizes.channels : index.shape()[1]);
  const auto out = output_of<T>(context, x, sizes, pair_count(sizes.n));
  if (kFree || sizes.empty() || sizes.n < 2) return;
  if (chosen == nullptr) {
    native::multiply(context, x.data<T>(), out.data, sizes, settings.schedule, out.stores);
  } else {
    // The chosen channels as one tensor (B, k, *spatial), which is small beside the P maps.
    const std::unique_ptr<T[]> z(new T[sizes.batch * sizes.n * sizes.size]);
    for (int64_t row = 0; row < sizes.batch * sizes.n; ++row) {
      const T* channel = x.data<T>() + (row / sizes.n * sizes.channels + chosen[row]) * sizes.size;
      std::memcpy(z.get() + row * sizes.size, channel, sizes.size * sizeof(T));
    }
    native::multiply(context, z.get(), out.data, sizes, settings.schedule, out.stores);
  }
}

// x, index (B, k), alpha, weight (P,), bias (P,) -> (B, C + P, *spatial): x and the normalised products.
template <typename T>
void ach_expand(const Context& context, const Settings& settings) {
  const Input x(context, 0), index(context, 1);
  Sizes sizes = sizes_of(context, x, 0);
  const int64_t* chosen = checked_index(context, index, sizes);
  sizes.n = checked_n(context, index.shape()[1]);
  const int64_t pairs = pair_count(sizes.n);
  const auto normaliser = checked_normaliser<T>(context, settings.norm, 2, pairs);
  const auto out = output_of<T>(context, x, sizes, sizes.channels + pairs);
  if (kFree) return;
  native::expand(context, x.data<T>(), chosen, normaliser, out.data, sizes, native::own_schedule<T>(sizes), out.stores);
}

// x, taps, alpha, weight (P,), bias (P,) -> the same of the k channels of each sample that taps score highest.
template <typename T>
void ach_select_expand(const Context& context, const Settings& settings) {
  const Input x(context, 0), taps(context, 1);
  const Sizes sizes = sizes_of(context, x, settings.k);
  if (settings.k < 0 || settings.k > sizes.channels) {
    refuse(context.api, "k is " + std::to_string(settings.k) + "; expected 0 to the " + std::to_string(sizes.channels) +
                    " channels of x");
  }
  const int64_t pairs = pair_count(checked_n(context, settings.k));
  if (taps.count() % 2 == 0) refuse(context.api, "taps have shape " + text(taps.shape()) + "; expected an odd number");
  const auto normaliser = checked_normaliser<T>(context, settings.norm, 2, pairs);
  const auto out = output_of<T>(context, x, sizes, sizes.channels + pairs);
  if (kFree) return;
  const std::vector<double> weights(taps.data<float>(), taps.data<float>() + taps.count());
  native::select_expand<RankedAsInOnnx>(context, x.data<T>(), weights, normaliser, out.data, sizes,
                                        native::own_schedule<T>(sizes), out.stores);
}

}  // namespace opbench
