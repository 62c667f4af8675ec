// The operators as functions of a node's context: shapes checked, the output asked for, the products made.
//
// x, index and taps may come from anywhere, so nothing about them is believed: a wrong one would touch memory of others.
#pragma once

#include <string>
#include <vector>

#include "context.h"
#include "schedules.h"
#include "selection.h"

namespace opbench {

// What a node says once. k: channels selected, of the operators that select.
struct Settings {
  int64_t k = 0;
  Schedule schedule = Schedule::flat;
};

inline Schedule schedule_named(const OrtApi& api, const std::string& name) {
  if (name.empty()) return Schedule::flat;
  if (name == "direct") return Schedule::direct;
  if (name == "balanced") return Schedule::balanced;
  refuse(api, "schedule is '" + name + "'; expected direct, balanced or none");
}

inline Sizes sizes_of(const Context& context, const Input& x, int64_t n, bool kept) {
  const auto& shape = x.shape();
  if (shape.size() < 2) refuse(context.api, "x has shape " + text(shape) + "; expected (batch, channels, ...)");
  int64_t size = 1;
  for (size_t axis = 2; axis < shape.size(); ++axis) size *= shape[axis];
  return {shape[0], shape[1], n < 0 ? shape[1] : n, size, kept ? shape[1] : 0};
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

inline Affine checked_affine(const Context& context, size_t at, int64_t pairs) {
  const Input alpha(context, at), weight(context, at + 1), bias(context, at + 2);
  if (alpha.count() != 1) refuse(context.api, "alpha has shape " + text(alpha.shape()) + "; expected one value");
  if (weight.count() != pairs || bias.count() != pairs) {
    refuse(context.api, "weight and bias have shapes " + text(weight.shape()) + " and " + text(bias.shape()) + "; expected (" +
                    std::to_string(pairs) + ") each");
  }
  return {*alpha.data<float>(), weight.data<float>(), bias.data<float>()};
}

template <typename T>
T* output_of(const Context& context, const Input& x, const Sizes& sizes) {
  std::vector<int64_t> shape = x.shape();
  shape[1] = sizes.maps();
  T* out = output<T>(context, shape);
#if defined(OPBENCH_FILLED)
  if (sizes.empty() || sizes.maps() == 0) return out;  // and has no address
  const int64_t bytes = sizes.batch * sizes.maps() * sizes.size * sizeof(T), parts = parts_of(bytes);
  context.share(parts, [&](int64_t part) {
    char* to = reinterpret_cast<char*>(out) + part * bytes / parts;
    std::memset(to, 0, (part + 1) * bytes / parts - part * bytes / parts);
  });
#endif
  return out;
}

// For measuring what an operator could save at most. Free: the output is not written at all. Filled: it is written, with
// zeros, and nothing is read.
#if defined(OPBENCH_FREE) || defined(OPBENCH_FILLED)
constexpr bool kFree = true;
#else
constexpr bool kFree = false;
#endif

inline bool nothing_to_multiply(const Sizes& sizes) { return kFree || sizes.empty() || sizes.n < 2; }

inline bool nothing_to_copy(const Sizes& sizes) { return kFree || sizes.empty(); }

// x (B, C, *spatial), index (B, k) or none -> (B, P, *spatial).
template <typename T>
void cross_hadamard(const Context& context, const Settings& settings) {
  const Input x(context, 0);
  size_t inputs = 0;
  check(context.api.KernelContext_GetInputCount(context.node, &inputs));
  const Input index = inputs > 1 ? Input(context, 1) : Input();
  Sizes sizes = sizes_of(context, x, -1, false);
  const int64_t* chosen = index.data<int64_t>() == nullptr ? nullptr : checked_index(context, index, sizes);
  sizes.n = checked_n(context, chosen == nullptr ? sizes.channels : index.shape()[1]);
  T* out = output_of<T>(context, x, sizes);
  if (nothing_to_multiply(sizes)) return;
  multiply(context, x.data<T>(), chosen, out, sizes, settings.schedule);
}

// x, index (B, k), alpha, weight (P,), bias (P,) -> (B, C + P, *spatial): x and the normalised products.
template <typename Norm, typename T>
void ach_expand(const Context& context, const Settings&) {
  const Input x(context, 0), index(context, 1);
  Sizes sizes = sizes_of(context, x, 0, true);
  const int64_t* chosen = checked_index(context, index, sizes);
  sizes.n = checked_n(context, index.shape()[1]);
  const Normalised<Norm> values{checked_affine(context, 2, sizes.pairs())};
  T* out = output_of<T>(context, x, sizes);
  if (!nothing_to_copy(sizes)) copy(context, x.data<T>(), out, sizes);
  if (!nothing_to_multiply(sizes)) write_products(context, x.data<T>(), chosen, out, sizes, values);
}

// x, taps, alpha, weight (P,), bias (P,) -> the same of the k channels of each sample that taps score highest.
template <typename Norm, typename T>
void ach_select_expand(const Context& context, const Settings& settings) {
  const Input x(context, 0), taps(context, 1);
  const Sizes sizes = sizes_of(context, x, settings.k, true);
  if (settings.k < 0 || settings.k > sizes.channels) {
    refuse(context.api, "k is " + std::to_string(settings.k) + "; expected 0 to the " + std::to_string(sizes.channels) +
                    " channels of x");
  }
  checked_n(context, settings.k);
  if (taps.count() % 2 == 0) refuse(context.api, "taps have shape " + text(taps.shape()) + "; expected an odd number");
  const Normalised<Norm> values{checked_affine(context, 2, sizes.pairs())};
  T* out = output_of<T>(context, x, sizes);
  if (nothing_to_copy(sizes)) return;
  const auto index = select_and_copy(context, x.data<T>(), taps.data<float>(), taps.count(), out, sizes);
  if (!nothing_to_multiply(sizes)) write_products(context, x.data<T>(), index.data(), out, sizes, values);
}

}  // namespace opbench
