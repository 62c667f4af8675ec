// The kernels' own types of elements for PyTorch's.
#pragma once

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include "cpu/types.h"

namespace opbench {

template <typename T>
struct StorageOf {
  using type = T;
};
template <>
struct StorageOf<c10::Half> {
  using type = Half;
};
template <>
struct StorageOf<c10::BFloat16> {
  using type = BFloat16;
};
// Half for c10::Half, BFloat16 for c10::BFloat16, which lie in memory alike; float and double as they are.
template <typename T>
using Storage = typename StorageOf<T>::type;

template <typename T>
const Storage<T>* stored(const T* values) {
  return reinterpret_cast<const Storage<T>*>(values);
}
template <typename T>
Storage<T>* stored(T* values) {
  return reinterpret_cast<Storage<T>*>(values);
}

}  // namespace opbench
