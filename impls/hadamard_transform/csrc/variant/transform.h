// All rows, shared by a pool of threads.
#pragma once

#include "../../../cross_hadamard/csrc/cpu/sharing.h"
#include "blocks.h"

namespace opbench::OPBENCH_VARIANT {

using opbench_hadamard::Arguments;
using opbench_hadamard::Shape;

template <typename A, typename T>
Factors<A> factors_at(const Arguments<T>& given, int64_t column) {
  return {given.before ? given.before + column : nullptr, given.after ? given.after + column : nullptr, given.scale};
}

// Blocks below a register. Without signs nothing says where a row ends, and all of them are one.
template <typename Pool, typename T>
void rows_of_lanes(const Pool& pool, const Arguments<T>& given, const Shape& shape) {
  using A = Accumulate<T>;
  const Factors<A> factors = factors_at<A>(given, 0);
  if (!given.before && !given.after) {
    share(pool, shape.rows * shape.size, sizeof(T), grain<T>(), [&](int64_t from, int64_t to) {
      transform_lanes(given.x + from, given.out + from, to - from, shape.block, factors);
    });
    return;
  }
  pool.parallel_for(shape.rows, units_a_thread<T>(int64_t{32} << 10, shape.size), [&](int64_t from, int64_t to) {
    for (int64_t row = from; row < to; ++row) {
      transform_lanes(given.x + row * shape.size, given.out + row * shape.size, shape.size, shape.block, factors);
    }
  });
}

template <typename Pool, typename T>
void transform(const Pool& pool, const Arguments<T>& given, const Shape& shape) {
  using A = Accumulate<T>;
  const int64_t length = shape.block / shape.order, width = Vec<A>::width;
  if (length < width && shape.order == 1) return rows_of_lanes(pool, given, shape);
  const int64_t a_row = shape.size / shape.block, blocks = shape.rows * a_row;
  // Blocks are multiples of what is streamed, so all of them are aligned where the first is.
  const Stores stores = is_aligned(given.out) && length >= width ? given.stores : Stores::cached;
  pool.parallel_for(blocks, units_a_thread<T>(int64_t{32} << 10, shape.block), [&](int64_t from, int64_t to) {
    const Scratch<A> between(shape.block);
    for (int64_t block = from; block < to; ++block) {
      const T* x = given.x + block * shape.block;
      T* out = given.out + block * shape.block;
      const Factors<A> factors = factors_at<A>(given, block % a_row * shape.block);
      if (length < width) {
        transform_short(x, out, shape.order, length, given.matrix, factors);
      } else {
        transform_block(x, out, shape.order, length, given.matrix, between.data(), factors, stores);
      }
    }
    if (stores == Stores::streaming) drain_streams();
  });
}

}  // namespace opbench::OPBENCH_VARIANT
