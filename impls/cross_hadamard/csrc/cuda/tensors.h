// The four operators on tensors, for any machine that launches: what the extension and the host shim have in common.
//
// Tensors are contiguous, not empty and checked by the caller; x is (B, C, *spatial) with n >= 2.
#pragma once

#include <ATen/Dispatch.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <optional>

#include "operations.h"

namespace opbench {

using at::Tensor;

template <typename T>
struct Element {
  typedef T type;
};
template <>
struct Element<c10::Half> {
  typedef __half type;
};
template <>
struct Element<c10::BFloat16> {
  typedef __nv_bfloat16 type;
};

inline int64_t alignment_of(std::initializer_list<const void*> pointers) {
  uintptr_t all = 16;
  for (const void* pointer : pointers) all |= reinterpret_cast<uintptr_t>(pointer);
  return static_cast<int64_t>(all & (~all + 1));
}

// `alignment` over x and the tensor that goes with it; a map of any rank is height x width with the last as width.
inline Problem problem_of(const Tensor& x, const std::optional<Tensor>& index, const Tensor& with) {
  Problem problem{};
  problem.batch = x.size(0);
  problem.channels = x.size(1);
  problem.n = index.has_value() ? index->size(1) : x.size(1);
  problem.width = x.dim() > 2 ? x.size(-1) : 1;
  problem.height = x.numel() / (problem.batch * problem.channels * problem.width);
  problem.itemsize = static_cast<int64_t>(x.element_size());
  problem.alignment = alignment_of({x.const_data_ptr(), with.const_data_ptr()});
  return problem;
}

template <typename T>
const T* read_pointer(const Tensor& tensor) {
  return static_cast<const T*>(tensor.const_data_ptr());
}

template <typename T>
Pointers<T> pointers_of(const Tensor& x, const std::optional<Tensor>& index, const Tensor& result) {
  Pointers<T> to;
  to.x = read_pointer<T>(x);
  to.index = index.has_value() ? read_pointer<i64>(*index) : nullptr;
  to.result = static_cast<T*>(result.mutable_data_ptr());
  return to;
}

template <typename T>
void set_parameters(Pointers<T>& to, const Tensor& alpha, const Tensor& weight, const Tensor& bias) {
  to.alpha = read_pointer<Acc<T>>(alpha);
  to.weight = read_pointer<Acc<T>>(weight);
  to.bias = read_pointer<Acc<T>>(bias);
}

// Calls `body` with an element of x's type as the kernels know it.
template <typename Body>
void with_element(const Tensor& x, const Body& body) {
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, x.scalar_type(), "cross_hadamard",
                                  [&] { body(typename Element<scalar_t>::type()); });
}

template <typename Machine>
void forward_into(Machine& machine, const Tensor& x, const std::optional<Tensor>& index, const Tensor& out,
                  const std::string& schedule) {
  with_element(x, [&](auto zero) {
    const auto to = pointers_of<decltype(zero)>(x, index, out);
    forward(machine, problem_of(x, index, out), to, schedule_of(schedule));
  });
}

template <typename Machine>
void backward_into(Machine& machine, const Tensor& grad, const Tensor& x, const std::optional<Tensor>& index,
                   const Tensor& grad_x) {
  with_element(x, [&](auto zero) {
    auto to = pointers_of<decltype(zero)>(x, index, grad_x);
    to.grad = read_pointer<decltype(zero)>(grad);
    Problem problem = problem_of(x, index, grad_x);
    problem.alignment = alignment_of({to.x, to.grad, to.result});
    backward(machine, problem, to);
  });
}

template <typename Machine>
void expand_into(Machine& machine, const Tensor& x, const Tensor& index, const Tensor& alpha, const Tensor& weight,
                 const Tensor& bias, const std::string& norm, const Tensor& out, const std::string& schedule) {
  with_element(x, [&](auto zero) {
    auto to = pointers_of<decltype(zero)>(x, index, out);
    set_parameters(to, alpha, weight, bias);
    expand(machine, problem_of(x, index, out), to, norm, schedule_of(schedule));
  });
}

// The sums (parts, 3, P), on weight's device; `place` tells the machine of the new tensor before the launch.
template <typename Machine, typename Place>
Tensor expand_backward_into(Machine& machine, const Tensor& grad, const Tensor& x, const Tensor& index,
                            const Tensor& alpha, const Tensor& weight, const Tensor& bias, const std::string& norm,
                            const Tensor& grad_x, const Place& place) {
  Problem problem = problem_of(x, index, grad_x);
  problem.alignment = alignment_of({x.const_data_ptr(), grad.const_data_ptr(), grad_x.const_data_ptr()});
  const Tensor sums = at::empty({sum_parts(machine, problem), 3, problem.pairs()}, weight.options());
  const auto placed = place(sums);
  with_element(x, [&](auto zero) {
    using T = decltype(zero);
    auto to = pointers_of<T>(x, index, grad_x);
    to.grad = read_pointer<T>(grad);
    set_parameters(to, alpha, weight, bias);
    expand_backward(machine, problem, to, norm, static_cast<Acc<T>*>(sums.mutable_data_ptr()));
  });
  return sums;
}

}  // namespace opbench
