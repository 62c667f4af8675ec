// The operators as functions of tensors; operators.cpp registers them. Schedules and norms are numbers of types.h, and -1
// the schedule that the kernels choose.
#pragma once

#include <optional>
#include <tuple>

#include "../../torch_interface/csrc/tensor.h"

namespace opbench {

Tensor forward(const Tensor& x, const std::optional<Tensor>& index, int64_t schedule);
void forward_out(const Tensor& x, const std::optional<Tensor>& index, const Tensor& out, int64_t schedule);
Tensor backward(const Tensor& grad, const Tensor& x, const std::optional<Tensor>& index);

Tensor expand(const Tensor& x, const Tensor& index, const Tensor& alpha, const Tensor& weight,
                  const Tensor& bias, int64_t norm, int64_t schedule);
// The same for the k channels of each sample that `taps` scores highest.
// With statistics weight and bias are BatchNorm's, which has settled on this mean and variance.
Tensor select_expand(const Tensor& x, const Tensor& taps, int64_t k, const Tensor& alpha,
                         const Tensor& weight, const Tensor& bias, int64_t norm,
                         int64_t schedule, const std::optional<Tensor>& mean,
                         const std::optional<Tensor>& variance, double eps);
std::tuple<Tensor, Tensor, Tensor, Tensor> expand_backward(
    const Tensor& grad, const Tensor& x, const Tensor& index, const Tensor& alpha,
    const Tensor& weight, const Tensor& bias, int64_t norm);

// streaming: whether stores go around the caches; by the size where it is not said.
void fill_with(const Tensor& out, double value, std::optional<bool> streaming);

}  // namespace opbench
