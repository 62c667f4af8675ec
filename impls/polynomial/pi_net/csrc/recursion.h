// Pi-Net's recursion on columns of samples: what the operators call, whichever vector instructions it runs with.
#pragma once

#include <cstdint>

namespace opbench {

// Columns are worked through in groups of so many; every width of a register, doubled, divides it.
constexpr int64_t kColumns = 32;

// Parameters besides the projections, contiguous: s (degree - 1, hidden, hidden) and b (degree, hidden) where `ncp`,
// c (classes, hidden), beta (classes).
template <typename T>
struct Network {
  int64_t degree, hidden, classes;
  bool ncp, skip, norm;
  const T *s, *b, *c, *beta;
};

// Matrices with a column a sample, whose rows begin `stride` elements apart.
//   p      (degree * hidden)     projections; `backward` leaves their gradients there
//   x      (degree * hidden)     written: every degree's values
//   y      (degree * hidden)     written where `ncp`: what projections are multiplied by; then its gradients
//   roots  (degree)              written where `norm`: one over the root of each variance
//   g      (hidden)              backward's own
template <typename T>
struct Columns {
  T *p, *x, *y, *roots, *g;
  int64_t stride, count;
};

template <typename T>
struct PiKernels {
  // out: (classes) rows at the stride of `columns`, or null for none.
  void (*forward)(const Network<T>& network, const Columns<T>& columns, T* out);
  // After `forward` on the same columns. grad: (classes) rows at the stride of `columns`.
  void (*backward)(const Network<T>& network, const Columns<T>& columns, const T* grad);
};

// The kernels compiled for one set of vector instructions.
struct PiVariant {
  PiKernels<float> of_float;
  PiKernels<double> of_double;

  template <typename T>
  const PiKernels<T>& of() const {
    if constexpr (sizeof(T) == sizeof(float)) {
      return of_float;
    } else {
      return of_double;
    }
  }
};

}  // namespace opbench
