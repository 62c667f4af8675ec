// Small kernels that show what the shim does, and device functions called one by one: for its tests.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace opbench::host {

// Runs the check of that name over `data`; what it takes and returns stands beside each in selftest.cpp. Throws what
// the shim throws, and ValueError for an unknown name.
at::Tensor selftest(c10::string_view name, const at::Tensor& data);

}  // namespace opbench::host
