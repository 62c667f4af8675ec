// Whether tensors lie over each other in memory.
#pragma once

#include <ATen/core/Tensor.h>

namespace opbench {

// By address: two storages may lie over one buffer, as slices of an array imported one by one do.
inline bool share_memory(const at::Tensor& one, const at::Tensor& other) {
  const auto begin = [](const at::Tensor& each) { return static_cast<const char*>(each.storage().data()); };
  const auto end = [&](const at::Tensor& each) { return begin(each) + each.storage().nbytes(); };
  return begin(one) < end(other) && begin(other) < end(one);
}

}  // namespace opbench
