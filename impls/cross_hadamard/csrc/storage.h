// The kernels of a type of elements, and the stores an output gets.
#pragma once

#include "cpu.h"

namespace opbench {

template <typename T>
const Kernels<T>& kernels_of() {
  return variant().of<T>();
}

// Of an output that was just allocated, and of one that was given.
inline Stores stores_fresh(int64_t bytes) {
  return bytes >= stream_from().fresh_bytes ? Stores::streaming : Stores::cached;
}
inline Stores stores_reused(int64_t bytes) {
  return bytes >= stream_from().reused_bytes ? Stores::streaming : Stores::cached;
}

}  // namespace opbench
