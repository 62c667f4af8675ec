// The kernels' own types of elements for PyTorch's, and the stores an output gets.
#pragma once

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include "cpu.h"

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

template <typename T>
const Kernels<Storage<T>>& kernels_of() {
  return variant().of<Storage<T>>();
}

// Of an output that was just allocated, and of one that was given.
inline Stores stores_fresh(int64_t bytes) {
  return bytes >= stream_from().fresh_bytes ? Stores::streaming : Stores::cached;
}
inline Stores stores_reused(int64_t bytes) {
  return bytes >= stream_from().reused_bytes ? Stores::streaming : Stores::cached;
}

}  // namespace opbench
