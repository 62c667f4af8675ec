// ach_expand and its gradient as functions of tensors of any strides, rank >= 2 and size.
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "checks.h"
#include "storage.h"
#include "tensors.h"

namespace opbench {
namespace {

using at::Tensor;

void check(int64_t k, const Tensor& alpha, const Tensor& weight, const Tensor& bias) {
  check_parameter("alpha", alpha, 1);
  check_parameter("weight", weight, checked_pairs(k));
  check_parameter("bias", bias, checked_pairs(k));
}

Tensor wide(const Tensor& parameter, const Tensor& x) {
  const auto sum = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  if (parameter.scalar_type() == sum && parameter.is_contiguous()) return parameter;  // as is usual: no call of PyTorch
  return parameter.to(sum).contiguous();
}

// The parameters of a normaliser, kept alive as tensors of the type to compute in.
struct Parameters {
  Parameters(const Tensor& x, const Tensor& alpha, const Tensor& weight, const Tensor& bias)
      : alpha(wide(alpha, x)), weight(wide(weight, x)), bias(wide(bias, x)) {}
  template <typename T>
  Normaliser<Storage<T>> normaliser(Norm norm) const {
    using Sum = Accumulate<Storage<T>>;
    return {norm, *alpha.const_data_ptr<Sum>(), weight.const_data_ptr<Sum>(), bias.const_data_ptr<Sum>()};
  }
  Tensor alpha, weight, bias;
};

// BatchNorm with settled statistics as one weight and one bias a channel. Made anew in every call: PyTorch does not count
// the changes that training makes to them, so nobody could tell when to make them again.
std::pair<Tensor, Tensor> affine(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& mean,
                                 const Tensor& variance, double eps) {
  check_parameter("mean", mean, weight.numel());
  check_parameter("variance", variance, weight.numel());
  const Tensor w = wide(weight, x), b = wide(bias, x), m = wide(mean, x), v = wide(variance, x);
  Tensor scale = at::empty_like(w), shift = at::empty_like(w);
  AT_DISPATCH_FLOATING_TYPES(w.scalar_type(), "affine", [&] {
    const auto *from = w.const_data_ptr<scalar_t>(), *plus = b.const_data_ptr<scalar_t>();
    const auto *middle = m.const_data_ptr<scalar_t>(), *spread = v.const_data_ptr<scalar_t>();
    auto *times = scale.mutable_data_ptr<scalar_t>(), *moved = shift.mutable_data_ptr<scalar_t>();
    for (int64_t p = 0; p < w.numel(); ++p) {
      times[p] = from[p] / std::sqrt(spread[p] + static_cast<scalar_t>(eps));
      moved[p] = plus[p] - middle[p] * times[p];
    }
  });
  return {scale, shift};
}

// Rounded to x's type, as where PyTorch convolves under autocast.
std::vector<double> values_of(const Tensor& taps, at::ScalarType type) {
  const Tensor packed = taps.to(type).contiguous();
  std::vector<double> values(packed.numel());
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, packed.scalar_type(), "taps", [&] {
    const auto* from = packed.const_data_ptr<scalar_t>();
    std::transform(from, from + values.size(), values.begin(), [](scalar_t one) { return static_cast<double>(one); });
  });
  return values;
}

template <typename T>
Schedule schedule_of(std::string_view name, const Sizes& sizes) {
  return named<Schedule>("schedule", name,
                         {{"blocked", Schedule::blocked}, {"flat", Schedule::flat}, {"", kernels_of<T>().own_schedule(sizes)}},
                         "of ach_expand");
}

}  // namespace

Tensor expand(const Tensor& x, const Tensor& index, const Tensor& alpha, const Tensor& weight, const Tensor& bias,
              std::string_view norm, std::string_view schedule) {
  check_input(x);
  check_index(x, index);
  const int64_t k = index.size(1);
  check(k, alpha, weight, bias);
  const Norm named = norm_named(norm);
  const Tensor source = x.contiguous(), rows = index.contiguous();
  const Parameters parameters(x, alpha, weight, bias);
  Tensor out = at::empty(with_channels(x, x.size(1) + checked_pairs(k)), source.options());
  const Stores stores = stores_fresh(static_cast<int64_t>(out.nbytes()));
  at::get_num_threads();  // PyTorch tells this thread's OpenMP how many there are when it is first asked
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, x.scalar_type(), "ach_expand", [&] {
    const Sizes sizes = sizes_of(x, k);
    kernels_of<scalar_t>().expand(stored(source.const_data_ptr<scalar_t>()), rows.const_data_ptr<int64_t>(),
                                  parameters.normaliser<scalar_t>(named), stored(out.mutable_data_ptr<scalar_t>()),
                                  sizes, schedule_of<scalar_t>(schedule, sizes), stores);
  });
  return out;
}

Tensor select_expand(const Tensor& x, const Tensor& taps, int64_t k, const Tensor& alpha, const Tensor& weight,
                     const Tensor& bias, std::string_view norm, std::string_view schedule,
                     const std::optional<Tensor>& mean, const std::optional<Tensor>& variance, double eps) {
  check_input(x);
  check_selection(x, taps, k);
  check(k, alpha, weight, bias);
  const Norm named = norm_named(norm);
  const Tensor source = x.contiguous();
  const std::vector<double> weights = values_of(taps, x.scalar_type());
  TORCH_CHECK_VALUE(mean.has_value() == variance.has_value(), "mean and variance come together or not at all");
  const auto [scale, shift] = mean ? affine(x, weight, bias, *mean, *variance, eps) : std::pair(weight, bias);
  const Parameters parameters(x, alpha, scale, shift);
  Tensor out = at::empty(with_channels(x, x.size(1) + checked_pairs(k)), source.options());
  const Stores stores = stores_fresh(static_cast<int64_t>(out.nbytes()));
  at::get_num_threads();  // PyTorch tells this thread's OpenMP how many there are when it is first asked
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, x.scalar_type(), "ach_select_expand", [&] {
    const Sizes sizes = sizes_of(x, k);
    kernels_of<scalar_t>().select_expand(
        stored(source.const_data_ptr<scalar_t>()), weights, parameters.normaliser<scalar_t>(named),
        stored(out.mutable_data_ptr<scalar_t>()), sizes, schedule_of<scalar_t>(schedule, sizes), stores);
  });
  return out;
}

std::tuple<Tensor, Tensor, Tensor, Tensor> expand_backward(const Tensor& grad, const Tensor& x, const Tensor& index,
                                                           const Tensor& alpha, const Tensor& weight,
                                                           const Tensor& bias, std::string_view norm) {
  check_input(x);
  check_index(x, index);
  const int64_t k = index.size(1), pairs = checked_pairs(k);
  check(k, alpha, weight, bias);
  const Norm named = norm_named(norm);
  check_grad(grad, x, with_channels(x, x.size(1) + pairs));
  const Tensor source = x.contiguous(), rows = index.contiguous(), packed = grad.contiguous();
  const Parameters parameters(x, alpha, weight, bias);
  const auto sums = source.options().dtype(at::kDouble);
  Tensor grad_x = at::empty(x.sizes(), source.options()), grad_alpha = at::empty(alpha.sizes(), sums);
  Tensor grad_weight = at::empty({pairs}, sums), grad_bias = at::empty({pairs}, sums);
  at::get_num_threads();  // as in `expand`
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, x.scalar_type(), "ach_expand_backward", [&] {
    kernels_of<scalar_t>().expand_backward(
        stored(packed.const_data_ptr<scalar_t>()), stored(source.const_data_ptr<scalar_t>()),
        rows.const_data_ptr<int64_t>(), parameters.normaliser<scalar_t>(named),
        stored(grad_x.mutable_data_ptr<scalar_t>()), grad_weight.mutable_data_ptr<double>(),
        grad_bias.mutable_data_ptr<double>(), grad_alpha.mutable_data_ptr<double>(), sizes_of(x, k));
  });
  return {grad_x, grad_alpha.to(alpha.scalar_type()), grad_weight.to(weight.scalar_type()),
          grad_bias.to(bias.scalar_type())};
}

}  // namespace opbench
