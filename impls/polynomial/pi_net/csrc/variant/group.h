// A group of columns, two registers wide: the rows of a matrix on them, and sums over rows with a small matrix.
#pragma once

#include <algorithm>
#include <array>

#include "../../../../cross_hadamard/csrc/cpu/vector/vectors.h"

namespace opbench::OPBENCH_VARIANT {

// One element of a row for every column of the group.
template <typename T>
struct Group {
  static constexpr int64_t registers = 2;
  static constexpr int64_t width = registers * Vec<T>::width;
  std::array<Vec<T>, registers> values;

  static Group of(T value) {
    Group found;
    found.values.fill(Vec<T>(value));
    return found;
  }
  static Group load(const T* from) {
    Group found;
    for (int64_t each = 0; each < registers; ++each) found.values[each] = Vec<T>::load(from + each * Vec<T>::width);
    return found;
  }
  void store(T* to) const {
    for (int64_t each = 0; each < registers; ++each) values[each].store(to + each * Vec<T>::width);
  }
  // this + factor * other
  Group plus(const Group& factor, const Group& other) const {
    Group found;
    for (int64_t each = 0; each < registers; ++each) {
      found.values[each] = multiply_add(factor.values[each], other.values[each], values[each]);
    }
    return found;
  }
};

template <typename T>
Group<T> operator+(const Group<T>& a, const Group<T>& b) {
  return {{a.values[0] + b.values[0], a.values[1] + b.values[1]}};
}
template <typename T>
Group<T> operator-(const Group<T>& a, const Group<T>& b) {
  return {{a.values[0] - b.values[0], a.values[1] - b.values[1]}};
}
template <typename T>
Group<T> operator*(const Group<T>& a, const Group<T>& b) {
  return {{a.values[0] * b.values[0], a.values[1] * b.values[1]}};
}

// A matrix whose element (row, column) is at row * down + column * along; read as its transpose by swapping both.
template <typename T>
struct Small {
  const T* data;
  int64_t down, along;
};

// Rows of sums at a time: with two registers each, eight sums, as many multiply-adds as are under way at once.
constexpr int64_t kRows = 4;

template <int64_t rows, typename T, typename Body>
void sum_some(const Small<T>& matrix, int64_t row, int64_t inner, const T* from, int64_t stride, const Body& body) {
  std::array<Group<T>, rows> sums;
  sums.fill(Group<T>::of(0));
  const T* at = matrix.data + row * matrix.down;
  for (int64_t i = 0; i < inner; ++i, at += matrix.along) {
    const auto value = Group<T>::load(from + i * stride);
    for (int64_t each = 0; each < rows; ++each) {
      sums[each] = sums[each].plus(Group<T>::of(at[each * matrix.down]), value);
    }
  }
  for (int64_t each = 0; each < rows; ++each) body(row + each, sums[each]);
}

// body(row, sum over i of matrix(row, i) * from[i]) for every row; from: `inner` rows at their stride.
template <typename T, typename Body>
void over_sums(const Small<T>& matrix, int64_t rows, int64_t inner, const T* from, int64_t stride, const Body& body) {
  int64_t row = 0;
  for (; row + kRows <= rows; row += kRows) sum_some<kRows>(matrix, row, inner, from, stride, body);
  for (; row < rows; ++row) sum_some<1>(matrix, row, inner, from, stride, body);
}

}  // namespace opbench::OPBENCH_VARIANT
