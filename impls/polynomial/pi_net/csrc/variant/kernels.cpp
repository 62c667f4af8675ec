// One variant: the kernels for the instructions that this file is compiled for. OPBENCH_VARIANT is its name.
#include "../recursion.h"
#include "group.h"

namespace opbench::OPBENCH_VARIANT {

constexpr double kEpsilon = 1e-5;  // as in torch.nn.functional.layer_norm

template <typename T>
Group<T> mean_of(const T* rows, int64_t count, int64_t stride) {
  auto sum = Group<T>::of(0);
  for (int64_t h = 0; h < count; ++h) sum = sum + Group<T>::load(rows + h * stride);
  return sum * Group<T>::of(T(1) / T(count));
}

// Mean 0 and variance 1 over the rows of each column, in place; returns one over the root of the variance.
template <typename T>
Group<T> normalise(T* rows, int64_t count, int64_t stride) {
  const auto mean = mean_of(rows, count, stride);
  auto squares = Group<T>::of(0);
  for (int64_t h = 0; h < count; ++h) {
    const auto centred = Group<T>::load(rows + h * stride) - mean;
    squares = squares.plus(centred, centred);
    centred.store(rows + h * stride);
  }
  auto root = squares * Group<T>::of(T(1) / T(count)) + Group<T>::of(T(kEpsilon));
  for (auto& each : root.values) each = Vec<T>(1) / square_root(each);
  for (int64_t h = 0; h < count; ++h) (Group<T>::load(rows + h * stride) * root).store(rows + h * stride);
  return root;
}

// From a gradient of normalised rows x to that of what was normalised, in place: r (g - mean(g) - x mean(g x)).
template <typename T>
void back_through_norm(T* g, const T* x, const Group<T>& root, int64_t count, int64_t stride) {
  const auto mean = mean_of(g, count, stride);
  auto along = Group<T>::of(0);
  for (int64_t h = 0; h < count; ++h) along = along.plus(Group<T>::load(g + h * stride), Group<T>::load(x + h * stride));
  along = along * Group<T>::of(T(1) / T(count));
  for (int64_t h = 0; h < count; ++h) {
    const auto rest = Group<T>::load(g + h * stride) - mean - Group<T>::load(x + h * stride) * along;
    (rest * root).store(g + h * stride);
  }
}

// One group of columns through all degrees: what a degree leaves is in the first cache when the next reads it.
template <typename T>
void forward_group(const Network<T>& net, const Columns<T>& at, T* out) {
  const int64_t hidden = net.hidden, stride = at.stride, all = hidden * stride;
  for (int64_t h = 0; h < hidden; ++h) {
    auto first = Group<T>::load(at.p + h * stride);
    if (net.ncp) first = first * Group<T>::of(net.b[h]);
    first.store(at.x + h * stride);
  }
  for (int64_t n = 1; n < net.degree; ++n) {
    const T *p = at.p + n * all, *before = at.x + (n - 1) * all;
    T* x = at.x + n * all;
    const auto multiplied = [&](int64_t h, const Group<T>& y) {
      const auto product = Group<T>::load(p + h * stride) * y;
      (net.skip ? product + Group<T>::load(before + h * stride) : product).store(x + h * stride);
    };
    if (net.ncp) {
      const Small<T> s{net.s + (n - 1) * hidden * hidden, hidden, 1};
      over_sums(s, hidden, hidden, before, stride, [&](int64_t h, const Group<T>& sum) {
        const auto y = sum + Group<T>::of(net.b[n * hidden + h]);
        y.store(at.y + n * all + h * stride);
        multiplied(h, y);
      });
    } else {
      for (int64_t h = 0; h < hidden; ++h) multiplied(h, Group<T>::load(before + h * stride));
    }
    if (net.norm) normalise(x, hidden, stride).store(at.roots + n * stride);
  }
  if (out == nullptr) return;
  const Small<T> c{net.c, hidden, 1};
  over_sums(c, net.classes, hidden, at.x + (net.degree - 1) * all, stride, [&](int64_t k, const Group<T>& sum) {
    (sum + Group<T>::of(net.beta[k])).store(out + k * stride);
  });
}

template <typename T>
void backward_group(const Network<T>& net, const Columns<T>& at, const T* grad) {
  const int64_t hidden = net.hidden, stride = at.stride, all = hidden * stride;
  const auto keep = [&](int64_t h, const Group<T>& value) { value.store(at.g + h * stride); };
  over_sums(Small<T>{net.c, 1, hidden}, hidden, net.classes, grad, stride, keep);
  for (int64_t n = net.degree - 1; n > 0; --n) {
    T *p = at.p + n * all, *y = at.y + n * all;
    const T* before = at.x + (n - 1) * all;
    if (net.norm) {
      back_through_norm(at.g, at.x + n * all, Group<T>::load(at.roots + n * stride), hidden, stride);
    }
    for (int64_t h = 0; h < hidden; ++h) {
      const auto g = Group<T>::load(at.g + h * stride);
      const auto multiplied = Group<T>::load((net.ncp ? y : before) + h * stride), of_y = g * Group<T>::load(p + h * stride);
      (g * multiplied).store(p + h * stride);
      if (net.ncp) {
        of_y.store(y + h * stride);
      } else {
        keep(h, net.skip ? of_y + g : of_y);
      }
    }
    if (!net.ncp) continue;
    const Small<T> transposed{net.s + (n - 1) * hidden * hidden, 1, hidden};
    over_sums(transposed, hidden, hidden, y, stride, [&](int64_t h, const Group<T>& sum) {
      keep(h, net.skip ? sum + Group<T>::load(at.g + h * stride) : sum);
    });
  }
  for (int64_t h = 0; h < hidden; ++h) {
    const auto g = Group<T>::load(at.g + h * stride), p = Group<T>::load(at.p + h * stride);
    if (net.ncp) (g * p).store(at.y + h * stride);
    (net.ncp ? g * Group<T>::of(net.b[h]) : g).store(at.p + h * stride);
  }
}

template <typename T>
Columns<T> from(const Columns<T>& all, int64_t column) {
  const auto moved = [column](T* pointer) { return pointer == nullptr ? nullptr : pointer + column; };
  return {moved(all.p), moved(all.x), moved(all.y), moved(all.roots), moved(all.g), all.stride, Group<T>::width};
}

template <typename T>
void forward(const Network<T>& net, const Columns<T>& columns, T* out) {
  for (int64_t at = 0; at < columns.count; at += Group<T>::width) {
    forward_group(net, from(columns, at), out == nullptr ? nullptr : out + at);
  }
}

template <typename T>
void backward(const Network<T>& net, const Columns<T>& columns, const T* grad) {
  for (int64_t at = 0; at < columns.count; at += Group<T>::width) backward_group(net, from(columns, at), grad + at);
}

extern const PiVariant kPi;
const PiVariant kPi{{forward<float>, backward<float>}, {forward<double>, backward<double>}};

}  // namespace opbench::OPBENCH_VARIANT
