// One variant: the kernel for the instructions that this file is compiled for. OPBENCH_VARIANT is its name.
#include <algorithm>
#include <array>

#include "../../../../cross_hadamard/csrc/cpu/vector/vectors.h"
#include "../gate.h"

namespace opbench::OPBENCH_VARIANT {

// Registers of sums at a time: a multiply-add takes four cycles, and two can begin in each.
constexpr int64_t kColumns = 8;

// The sums of `registers` whole registers of channels, in registers until the last token.
template <int64_t registers, typename T>
void sum_columns(const T* projected, int64_t tokens, int64_t width, T* sums) {
  std::array<Vec<T>, registers> total;
  total.fill(Vec<T>(0));
  for (int64_t token = 0; token < tokens; ++token, projected += 2 * width) {
    for (int64_t each = 0; each < registers; ++each) {
      const T* at = projected + each * Vec<T>::width;
      total[each] = multiply_add(Vec<T>::load(at), Vec<T>::load(at + width), total[each]);
    }
  }
  for (int64_t each = 0; each < registers; ++each) total[each].store(sums + each * Vec<T>::width);
}

template <typename T>
void sum_rest(const T* projected, int64_t tokens, int64_t width, int64_t count, T* sums) {
  Vec<T> total(0);
  for (int64_t token = 0; token < tokens; ++token, projected += 2 * width) {
    total = multiply_add(Vec<T>::load(projected, count), Vec<T>::load(projected + width, count), total);
  }
  total.store(sums, count);
}

template <typename T>
void product_sum(const T* projected, int64_t tokens, int64_t width, T* sums) {
  int64_t at = 0;
  for (; at + kColumns * Vec<T>::width <= width; at += kColumns * Vec<T>::width) {
    sum_columns<kColumns>(projected + at, tokens, width, sums + at);
  }
  for (; at + Vec<T>::width <= width; at += Vec<T>::width) {
    sum_columns<1>(projected + at, tokens, width, sums + at);
  }
  if (at < width) sum_rest(projected + at, tokens, width, width - at, sums + at);
}

extern const GateVariant kGate;
const GateVariant kGate{product_sum<float>, product_sum<double>};

}  // namespace opbench::OPBENCH_VARIANT
