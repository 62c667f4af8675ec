// The operators of namespace opbench_pi_net. Projections are PyTorch's matrix product, a block of samples at a time, a
// column a sample, so that all degrees of a block are made while its projections are in a cache. Shapes are checked,
// since a wrong one would touch memory that belongs to others; gradients are not tracked.
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <torch/library.h>

#include <algorithm>

#include "../../../cross_hadamard/csrc/vectors_in_use.h"
#include "recursion.h"

namespace opbench {

#define OPBENCH_EACH(name)       \
  namespace name {               \
  extern const PiVariant kPi;    \
  }
OPBENCH_VARIANTS
#undef OPBENCH_EACH

namespace {

using at::Tensor;

Choice<PiVariant>& choice() {
#define OPBENCH_EACH(name) {#name, &name::kPi},
  static Choice<PiVariant> variants{OPBENCH_VARIANTS};
#undef OPBENCH_EACH
  return variants;
}

void check(const Tensor& given, const char* name, at::IntArrayRef shape, const Tensor& like) {
  TORCH_CHECK_VALUE(given.sizes() == shape, name, " has shape ", given.sizes(), "; expected ", shape);
  TORCH_CHECK_TYPE(given.scalar_type() == like.scalar_type(), name, " is ", given.scalar_type(), "; expected ",
                   like.scalar_type());
}

// Inputs, checked and contiguous.
struct Net {
  Tensor z, a, s, b, c, beta;
  bool ncp, skip, norm;

  Net(const Tensor& z_, const Tensor& a_, const std::optional<Tensor>& s_, const std::optional<Tensor>& b_,
      const Tensor& c_, const Tensor& beta_, bool skip_, bool norm_)
      : z(z_.contiguous()), a(a_.contiguous()), c(c_.contiguous()), beta(beta_.contiguous()), ncp(s_.has_value()),
        skip(skip_), norm(norm_) {
    TORCH_CHECK_VALUE(z.dim() == 2, "z has shape ", z.sizes(), "; expected (batch, features)");
    TORCH_CHECK_VALUE(a.dim() == 3 && a.size(0) >= 1 && a.size(1) >= 1, "a has shape ", a.sizes(),
                      "; expected (degree, hidden, features), at least 1 of each");
    TORCH_CHECK_VALUE(c.dim() == 2, "c has shape ", c.sizes(), "; expected (classes, hidden)");
    TORCH_CHECK_VALUE(s_.has_value() == b_.has_value(), "of s and b one is given; expected both (NCP) or none (CCP)");
    check(a, "a", {degree(), hidden(), z.size(1)}, z);
    check(c, "c", {c.size(0), hidden()}, z);
    check(beta, "beta", {c.size(0)}, z);
    if (!ncp) return;
    s = s_->contiguous();
    b = b_->contiguous();
    check(s, "s", {degree() - 1, hidden(), hidden()}, z);
    check(b, "b", {degree(), hidden()}, z);
  }

  int64_t degree() const { return a.size(0); }
  int64_t hidden() const { return a.size(1); }
  int64_t rows() const { return degree() * hidden(); }

  template <typename T>
  Network<T> of() const {
    return {degree(), hidden(), c.size(0), ncp, skip, norm, ncp ? s.const_data_ptr<T>() : nullptr,
            ncp ? b.const_data_ptr<T>() : nullptr, c.const_data_ptr<T>(), beta.const_data_ptr<T>()};
  }
};

int64_t whole_groups(int64_t count) { return (count + kColumns - 1) / kColumns * kColumns; }

// The matrices of some columns. Those beyond the samples hold zeros at first, and whatever comes of them.
struct Scratch {
  Tensor p, x, y, roots, g;

  Scratch(const Net& net, int64_t columns, bool gradients) {
    const auto options = net.z.options();
    p = at::empty({net.rows(), columns}, options);
    x = at::empty({net.rows(), columns}, options);
    if (net.ncp) y = at::empty({net.rows(), columns}, options);
    if (net.norm) roots = at::empty({net.degree(), columns}, options);
    if (gradients) g = at::empty({net.hidden(), columns}, options);
  }

  template <typename T>
  Columns<T> of(int64_t start, int64_t count) const {
    const auto at = [start](const Tensor& of) { return of.defined() ? of.mutable_data_ptr<T>() + start : nullptr; };
    return {at(p), at(x), at(y), at(roots), at(g), p.size(1), whole_groups(count)};
  }

  // The projections of samples [from, from + count) into columns from `start` on.
  void project(const Net& net, int64_t from, int64_t start, int64_t count) const {
    Tensor to = p.narrow(1, start, count);
    at::mm_out(to, net.a.flatten(0, 1), net.z.narrow(0, from, count).t());
    const int64_t beyond = whole_groups(count) - count;
    if (beyond > 0) p.narrow(1, start + count, beyond).zero_();
  }
};

// body(first sample, count) for blocks of samples; every thread has blocks of its own.
template <typename Body>
void over_blocks(int64_t samples, int64_t block, const Body& body) {
  const int64_t blocks = (samples + block - 1) / block;
  at::parallel_for(0, blocks, 1, [&](int64_t from, int64_t to) {
    const at::AutoDispatchBelowAutograd untracked;
    for (int64_t each = from; each < to; ++each) body(each * block, std::min(block, samples - each * block));
  });
}

void check_block(int64_t block) {
  TORCH_CHECK_VALUE(block >= 1 && block % kColumns == 0, "block is ", block, "; expected a multiple of ", kColumns);
}

Tensor forward(const Tensor& z, const Tensor& a, const std::optional<Tensor>& s, const std::optional<Tensor>& b,
               const Tensor& c, const Tensor& beta, bool skip, bool norm, int64_t block) {
  const Net net(z, a, s, b, c, beta, skip, norm);
  check_block(block);
  const Tensor out = at::empty({z.size(0), c.size(0)}, z.options());
  AT_DISPATCH_FLOATING_TYPES(z.scalar_type(), "pi_net", [&] {
    over_blocks(z.size(0), block, [&](int64_t from, int64_t count) {
      const Scratch scratch(net, whole_groups(count), false);
      scratch.project(net, from, 0, count);
      const Tensor found = at::empty({c.size(0), whole_groups(count)}, z.options());
      choice().used().of<scalar_t>().forward(net.of<scalar_t>(), scratch.of<scalar_t>(0, count),
                                      found.mutable_data_ptr<scalar_t>());
      out.narrow(0, from, count).copy_(found.narrow(1, 0, count).t());
    });
  });
  return out;
}

// The gradients of z, a, s, b, c and beta, of s and b only where they are given.
std::vector<Tensor> backward(const Tensor& grad, const Tensor& z, const Tensor& a, const std::optional<Tensor>& s,
                             const std::optional<Tensor>& b, const Tensor& c, const Tensor& beta, bool skip, bool norm,
                             int64_t block) {
  const Net net(z, a, s, b, c, beta, skip, norm);
  check_block(block);
  const int64_t samples = z.size(0), columns = whole_groups(samples);
  check(grad, "grad", {samples, c.size(0)}, z);
  const at::AutoDispatchBelowAutograd untracked;
  const Scratch scratch(net, columns, true);
  const Tensor turned = at::zeros({c.size(0), columns}, z.options());
  turned.narrow(1, 0, samples).copy_(grad.t());
  const Tensor of_z = at::empty(net.z.sizes(), z.options());
  AT_DISPATCH_FLOATING_TYPES(z.scalar_type(), "pi_net_backward", [&] {
    over_blocks(samples, block, [&](int64_t from, int64_t count) {
      scratch.project(net, from, from, count);
      const auto& kernels = choice().used().of<scalar_t>();
      const auto at = scratch.of<scalar_t>(from, count);
      kernels.forward(net.of<scalar_t>(), at, nullptr);
      kernels.backward(net.of<scalar_t>(), at, turned.const_data_ptr<scalar_t>() + from);
      Tensor to = of_z.narrow(0, from, count);
      at::mm_out(to, scratch.p.narrow(1, from, count).t(), net.a.flatten(0, 1));
    });
  });
  const auto by_degree = [&](const Tensor& of) {
    return of.narrow(1, 0, samples).view({net.degree(), net.hidden(), samples});
  };
  const Tensor of_a = at::mm(scratch.p.narrow(1, 0, samples), net.z).view(a.sizes());
  const Tensor last = by_degree(scratch.x).select(0, net.degree() - 1);
  std::vector<Tensor> found{of_z, of_a};
  if (net.ncp) {
    const Tensor of_y = by_degree(scratch.y), before = by_degree(scratch.x).narrow(0, 0, net.degree() - 1);
    found.push_back(at::bmm(of_y.narrow(0, 1, net.degree() - 1), before.transpose(1, 2)));
    found.push_back(of_y.sum(2));
  }
  found.push_back(at::mm(grad.t(), last.t()));
  found.push_back(grad.sum(0));
  return found;
}

TORCH_LIBRARY(opbench_pi_net, library) {
  library.def(
      "forward(Tensor z, Tensor a, Tensor? s, Tensor? b, Tensor c, Tensor beta, bool skip, bool norm, int block) -> "
      "Tensor");
  library.def(
      "backward(Tensor grad, Tensor z, Tensor a, Tensor? s, Tensor? b, Tensor c, Tensor beta, bool skip, bool norm, "
      "int block) -> Tensor[]");
}

TORCH_LIBRARY_IMPL(opbench_pi_net, CPU, library) {
  library.impl("forward", forward);
  library.impl("backward", backward);
}

}  // namespace
}  // namespace opbench

OPBENCH_VECTORS_IN_USE(opbench::choice)
