// ach_expand and its gradient as functions of tensors of any strides, rank >= 2 and size.
#include <cmath>
#include <utility>
#include <vector>

#include "checks.h"
#include "dispatch.h"
#include "storage.h"
#include "tensors.h"

namespace opbench {
namespace {

void check(int64_t k, const Tensor& alpha, const Tensor& weight, const Tensor& bias) {
  check_parameter("alpha", alpha, 1);
  check_parameter("weight", weight, checked_pairs(k));
  check_parameter("bias", bias, checked_pairs(k));
}

// What parameters of x's normaliser are computed in.
Dtype wide(const Tensor& x) { return x.dtype() == Dtype::float64 ? Dtype::float64 : Dtype::float32; }

// The parameters of a normaliser, in the type to compute in.
struct Parameters {
  Parameters(const Tensor& x, const Tensor& alpha, const Tensor& weight, const Tensor& bias)
      : alpha(alpha, wide(x)), weight(weight, wide(x)), bias(bias, wide(x)) {}
  template <typename T>
  Normaliser<T> normaliser(Norm norm) const {
    using Sum = Accumulate<T>;
    return {norm, *alpha.data<Sum>(), weight.data<Sum>(), bias.data<Sum>()};
  }
  Packed alpha, weight, bias;
};

// BatchNorm with settled statistics as one weight and one bias a channel. Made anew in every call: PyTorch does not count
// the changes that training makes to them, so nobody could tell when to make them again.
std::pair<Tensor, Tensor> affine(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& mean,
                                 const Tensor& variance, double eps) {
  check_parameter("mean", mean, weight.numel());
  check_parameter("variance", variance, weight.numel());
  const Packed w(weight, wide(x)), b(bias, wide(x)), m(mean, wide(x)), v(variance, wide(x));
  Tensor scale = Tensor::empty(weight.sizes(), wide(x)), shift = Tensor::empty(weight.sizes(), wide(x));
  for_float_or_double(wide(x), [&](auto type) {
    using T = decltype(type);
    const T *from = w.data<T>(), *plus = b.data<T>(), *middle = m.data<T>(), *spread = v.data<T>();
    T *times = scale.data<T>(), *moved = shift.data<T>();
    for (int64_t p = 0, count = weight.numel(); p < count; ++p) {
      times[p] = from[p] / std::sqrt(spread[p] + static_cast<T>(eps));
      moved[p] = plus[p] - middle[p] * times[p];
    }
  });
  return {std::move(scale), std::move(shift)};
}

// Rounded to x's type, as where PyTorch convolves under autocast.
std::vector<double> values_of(const Tensor& taps, Dtype dtype) {
  const Packed rounded(taps, dtype);
  const int64_t count = taps.numel();
  if (dtype == Dtype::float32) return {rounded.data<float>(), rounded.data<float>() + count};  // no call of PyTorch
  const Packed exact(rounded.tensor(), Dtype::float64);
  return {exact.data<double>(), exact.data<double>() + count};
}

Tensor in(Dtype dtype, Tensor tensor) {
  if (tensor.dtype() == dtype) return tensor;
  Tensor made = Tensor::empty(tensor.sizes(), dtype);
  made.copy_from(tensor);
  return made;
}

template <typename T>
Schedule schedule_of(int64_t number, const Sizes& sizes) {
  if (number == -1) return kernels_of<T>().own_schedule(sizes);
  const Schedule schedule = schedule_numbered(number);
  OPBENCH_CHECK_VALUE(schedule == Schedule::blocked || schedule == Schedule::flat, "schedule is ", number,
                      "; expected one that ach_expand has");
  return schedule;
}

}  // namespace

Tensor expand(const Tensor& x, const Tensor& index, const Tensor& alpha, const Tensor& weight, const Tensor& bias,
              int64_t norm, int64_t schedule) {
  check_input(x);
  check_index(x, index);
  const int64_t k = index.size(1);
  check(k, alpha, weight, bias);
  const Norm named = norm_numbered(norm);
  const Packed source(x), rows(index);
  const Parameters parameters(x, alpha, weight, bias);
  Tensor out = Tensor::empty(with_channels(x, x.size(1) + checked_pairs(k)), x.dtype());
  const Stores stores = stores_fresh(out.bytes());
  at::get_num_threads();  // PyTorch tells this thread's OpenMP how many there are when it is first asked
  for_floating(x.dtype(), [&](auto type) {
    using T = decltype(type);
    const Sizes sizes = sizes_of(x, k);
    kernels_of<T>().expand(source.data<T>(), rows.data<int64_t>(), parameters.normaliser<T>(named), out.data<T>(), sizes,
                           schedule_of<T>(schedule, sizes), stores);
  });
  return out;
}

Tensor select_expand(const Tensor& x, const Tensor& taps, int64_t k, const Tensor& alpha, const Tensor& weight,
                     const Tensor& bias, int64_t norm, int64_t schedule, const std::optional<Tensor>& mean,
                     const std::optional<Tensor>& variance, double eps) {
  check_input(x);
  check_selection(x, taps, k);
  check(k, alpha, weight, bias);
  const Norm named = norm_numbered(norm);
  const Packed source(x);
  const std::vector<double> weights = values_of(taps, x.dtype());
  OPBENCH_CHECK_VALUE(mean.has_value() == variance.has_value(), "mean and variance come together or not at all");
  std::optional<std::pair<Tensor, Tensor>> settled;
  if (mean) settled.emplace(affine(x, weight, bias, *mean, *variance, eps));
  const Parameters parameters(x, alpha, settled ? settled->first : weight, settled ? settled->second : bias);
  Tensor out = Tensor::empty(with_channels(x, x.size(1) + checked_pairs(k)), x.dtype());
  const Stores stores = stores_fresh(out.bytes());
  at::get_num_threads();  // PyTorch tells this thread's OpenMP how many there are when it is first asked
  for_floating(x.dtype(), [&](auto type) {
    using T = decltype(type);
    const Sizes sizes = sizes_of(x, k);
    kernels_of<T>().select_expand(source.data<T>(), weights, parameters.normaliser<T>(named), out.data<T>(), sizes,
                                  schedule_of<T>(schedule, sizes), stores);
  });
  return out;
}

std::tuple<Tensor, Tensor, Tensor, Tensor> expand_backward(const Tensor& grad, const Tensor& x, const Tensor& index,
                                                           const Tensor& alpha, const Tensor& weight,
                                                           const Tensor& bias, int64_t norm) {
  check_input(x);
  check_index(x, index);
  const int64_t k = index.size(1), pairs = checked_pairs(k);
  check(k, alpha, weight, bias);
  const Norm named = norm_numbered(norm);
  check_grad(grad, x, with_channels(x, x.size(1) + pairs));
  const Packed source(x), rows(index), packed(grad);
  const Parameters parameters(x, alpha, weight, bias);
  Tensor grad_x = Tensor::empty(x.sizes(), x.dtype()), grad_alpha = Tensor::empty(alpha.sizes(), Dtype::float64);
  Tensor grad_weight = Tensor::empty({pairs}, Dtype::float64), grad_bias = Tensor::empty({pairs}, Dtype::float64);
  at::get_num_threads();  // as in `expand`
  for_floating(x.dtype(), [&](auto type) {
    using T = decltype(type);
    kernels_of<T>().expand_backward(packed.data<T>(), source.data<T>(), rows.data<int64_t>(),
                                    parameters.normaliser<T>(named), grad_x.data<T>(), grad_weight.data<double>(),
                                    grad_bias.data<double>(), grad_alpha.data<double>(), sizes_of(x, k));
  });
  return {std::move(grad_x), in(alpha.dtype(), std::move(grad_alpha)), in(weight.dtype(), std::move(grad_weight)),
          in(bias.dtype(), std::move(grad_bias))};
}

}  // namespace opbench
