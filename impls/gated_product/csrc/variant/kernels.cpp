// One variant: the kernels for the instructions that this file is compiled for. OPBENCH_VARIANT is its name.
#include <algorithm>

#include "../../../cross_hadamard/csrc/cpu/sharing.h"
#include "../../../cross_hadamard/csrc/cpu/vector/wide.h"
#include "../../../cross_hadamard/csrc/variant/openmp.h"
#include "forms.h"

namespace opbench::OPBENCH_VARIANT {

template <typename F, typename T>
Vec<T> product_of(const T* gate, const T* value, int64_t count) {
  const auto g = Wide<T>::load(gate, count), v = Wide<T>::load(value, count);
  typename Wide<T>::Parts found;
  for (int64_t part = 0; part < Wide<T>::parts; ++part) found[part] = F::value(g[part]) * v[part];
  return Wide<T>::narrow(found);
}

// out[k] = f(gate[k]) * value[k].
template <typename F, Stores stores, typename T>
void forward_row(const T* gate, const T* value, T* out, int64_t count) {
  constexpr int64_t width = Vec<T>::width;
  int64_t at = 0;
  const auto some = [&](int64_t elements) {
    if (elements == 0) return;
    product_of<F>(gate + at, value + at, elements).store(out + at, elements);
    at += elements;
  };
  if constexpr (stores == Stores::streaming) some(before_aligned(out, count));
  for (; at + width <= count; at += width) put<stores>(out + at, product_of<F>(gate + at, value + at, width));
  some(count - at);
  if constexpr (stores == Stores::streaming) drain_streams();
}

template <typename T>
struct Gradients {
  Vec<T> gate, value;
};

template <typename F, typename T>
Gradients<T> gradients_of(const T* grad, const T* gate, const T* value, int64_t count) {
  const auto d = Wide<T>::load(grad, count), g = Wide<T>::load(gate, count), v = Wide<T>::load(value, count);
  typename Wide<T>::Parts of_gate, of_value;
  for (int64_t part = 0; part < Wide<T>::parts; ++part) {
    const auto found = F::sloped(g[part]);
    of_gate[part] = d[part] * v[part] * found.slope;
    of_value[part] = d[part] * found.value;
  }
  return {Wide<T>::narrow(of_gate), Wide<T>::narrow(of_value)};
}

// Both gradients in one pass. Around the caches only where both outputs lie alike to a register.
template <typename F, Stores stores, typename T>
void backward_row(const T* grad, const T* gate, const T* value, T* grad_gate, T* grad_value, int64_t count) {
  constexpr int64_t width = Vec<T>::width;
  int64_t at = 0;
  const auto some = [&](int64_t elements) {
    if (elements == 0) return;
    const auto found = gradients_of<F>(grad + at, gate + at, value + at, elements);
    found.gate.store(grad_gate + at, elements);
    found.value.store(grad_value + at, elements);
    at += elements;
  };
  if constexpr (stores == Stores::streaming) some(before_aligned(grad_gate, count));
  for (; at + width <= count; at += width) {
    const auto found = gradients_of<F>(grad + at, gate + at, value + at, width);
    put<stores>(grad_gate + at, found.gate);
    put<stores>(grad_value + at, found.value);
  }
  some(count - at);
  if constexpr (stores == Stores::streaming) drain_streams();
}

// Bytes of output worth a thread of their own.
constexpr int64_t kPart = int64_t{64} << 10;

// body(row, from, count) over all rows, each thread with its own part; rows that lie behind each other are one.
template <typename T, typename Body>
void over_rows(Rows rows, bool joined, const Body& body) {
  const OpenMp pool;
  if (joined) {
    share(pool, rows.count * rows.width, sizeof(T), part<T>(kPart), [&](int64_t from, int64_t to) {
      body(0, from, to - from);
    });
    return;
  }
  pool.parallel_for(rows.count, std::max<int64_t>(1, part<T>(kPart) / std::max<int64_t>(1, rows.width)),
                    [&](int64_t from, int64_t to) {
                      for (int64_t row = from; row < to; ++row) body(row, 0, rows.width);
                    });
}

template <typename T>
void forward(Form form, Operand<const T> gate, Operand<const T> value, Operand<T> out, Rows rows, Stores stores) {
  const bool joined = gate.stride == rows.width && value.stride == rows.width && out.stride == rows.width;
  with_form(form, [&](auto f) {
    using F = decltype(f);
    over_rows<T>(rows, joined, [&](int64_t row, int64_t from, int64_t count) {
      const T *g = gate.data + row * gate.stride + from, *v = value.data + row * value.stride + from;
      T* y = out.data + row * out.stride + from;
      stores == Stores::streaming ? forward_row<F, Stores::streaming>(g, v, y, count)
                                  : forward_row<F, Stores::cached>(g, v, y, count);
    });
  });
}

template <typename T>
void backward(Form form, Operand<const T> grad, Operand<const T> gate, Operand<const T> value, Operand<T> grad_gate,
              Operand<T> grad_value, Rows rows, Stores stores) {
  const bool joined = grad.stride == rows.width && gate.stride == rows.width && value.stride == rows.width &&
                      grad_gate.stride == rows.width && grad_value.stride == rows.width;
  with_form(form, [&](auto f) {
    using F = decltype(f);
    over_rows<T>(rows, joined, [&](int64_t row, int64_t from, int64_t count) {
      const T *d = grad.data + row * grad.stride + from, *g = gate.data + row * gate.stride + from;
      const T* v = value.data + row * value.stride + from;
      T *to_gate = grad_gate.data + row * grad_gate.stride + from, *to_value = grad_value.data + row * grad_value.stride + from;
      const bool alike = past_line(to_gate) % kVector == past_line(to_value) % kVector;
      stores == Stores::streaming && alike ? backward_row<F, Stores::streaming>(d, g, v, to_gate, to_value, count)
                                           : backward_row<F, Stores::cached>(d, g, v, to_gate, to_value, count);
    });
  });
}

extern const GatedVariant kGated;
const GatedVariant kGated{{forward<float>, backward<float>},
                          {forward<double>, backward<double>},
                          {forward<Half>, backward<Half>},
                          {forward<BFloat16>, backward<BFloat16>}};

}  // namespace opbench::OPBENCH_VARIANT
