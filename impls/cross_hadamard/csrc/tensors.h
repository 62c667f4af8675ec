// The operators as functions of tensors; operators.cpp registers them.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string_view>
#include <tuple>

namespace opbench {

at::Tensor forward(const at::Tensor& x, const std::optional<at::Tensor>& index, std::string_view schedule);
void forward_out(const at::Tensor& x, const std::optional<at::Tensor>& index, at::Tensor out,
                 std::string_view schedule);
at::Tensor backward(const at::Tensor& grad, const at::Tensor& x, const std::optional<at::Tensor>& index);

at::Tensor expand(const at::Tensor& x, const at::Tensor& index, const at::Tensor& alpha, const at::Tensor& weight,
                  const at::Tensor& bias, std::string_view norm, std::string_view schedule);
// The same for the k channels of each sample that `taps` scores highest.
// With statistics weight and bias are BatchNorm's, which has settled on this mean and variance.
at::Tensor select_expand(const at::Tensor& x, const at::Tensor& taps, int64_t k, const at::Tensor& alpha,
                         const at::Tensor& weight, const at::Tensor& bias, std::string_view norm,
                         std::string_view schedule, const std::optional<at::Tensor>& mean,
                         const std::optional<at::Tensor>& variance, double eps);
std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> expand_backward(
    const at::Tensor& grad, const at::Tensor& x, const at::Tensor& index, const at::Tensor& alpha,
    const at::Tensor& weight, const at::Tensor& bias, std::string_view norm);

// streaming: whether stores go around the caches; by the size where it is not said.
void fill_with(at::Tensor out, double value, std::optional<bool> streaming);

// From which sizes on, in bytes, stores to outputs go around the caches from now on: fresh ones, and those given.
void use_stream_from(int64_t fresh_bytes, int64_t reused_bytes);

}  // namespace opbench
