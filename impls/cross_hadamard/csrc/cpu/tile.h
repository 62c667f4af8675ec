// Some spatial positions of a sample's selected channels, widened and packed row by row.
#pragma once

#include <algorithm>
#include <cstdint>

#include "threads.h"
#include "vector/wide.h"

namespace opbench::OPBENCH_VARIANT {

// Positions [start, start + count) of every map; rows in scratch are whole vectors wide.
struct Positions {
  int64_t start, count;
};

// Elements from one row to the next: whole vectors, and one more, so that rows are never 4 KiB apart. Those would meet
// in the same cache sets, and a load would wait for a store to another row whose address ends the same.
template <typename T>
int64_t row_stride(int64_t count) {
  return Wide<T>::round_up(count) + Wide<T>::part;
}

// Row i holds channel index[i] (channel i without an index) of one sample x (C, S), 0 in the lanes past `count`.
template <typename T>
void pack(const T* x, const int64_t* index, const Sizes& sizes, const Positions& at, Accumulate<T>* rows) {
  for (int64_t i = 0; i < sizes.n; ++i, rows += row_stride<T>(at.count)) {
    const T* channel = x + (index == nullptr ? i : index[i]) * sizes.size + at.start;
    for (int64_t s = 0; s < at.count; s += Wide<T>::width) {
      const auto parts = Wide<T>::load(channel + s, at.count - s);
      for (int64_t part = 0; part < Wide<T>::parts; ++part) parts[part].store(rows + s + part * Wide<T>::part);
    }
  }
}

// Bytes a thread's packed tile may take: half of a second-level cache of 1 MiB, which output and gradients share.
constexpr int64_t kTile = int64_t{256} << 10;

// Bytes that stay in a first-level cache of 32 KiB beside what streams by, and the least positions worth it. A tile of
// 51 KiB (8x32x14x14, backward, one thread, EPYC 9004) took 168 to 185 us in five processes of eight and 224 to 284 in
// three, for their whole life, by where it lay; one of 26 KiB takes 175 to 188 in 13 processes of 14 and 239 in one.
// Rows shorter than this cost more: 84 us against 76 at 48 channels, 580 against 310 at 128.
constexpr int64_t kFirst = int64_t{28} << 10;
constexpr int64_t kLongEnough = 80;

// How many positions to take at a time so that `rows` rows of them stay in the cache, and every thread has some.
template <typename T>
int64_t positions_at_a_time(const Sizes& sizes, int64_t rows) {
  using Sum = Accumulate<T>;
  const int64_t width = Wide<T>::width, threads = thread_count();
  const int64_t column = std::max<int64_t>(1, rows) * static_cast<int64_t>(sizeof(Sum)) * width;
  const int64_t first = kFirst / column * width;
  const int64_t fitting = first >= kLongEnough ? first : std::max<int64_t>(1, kTile / column) * width;
  const int64_t tiles = std::max((sizes.size + fitting - 1) / fitting, threads / sizes.batch);
  return std::min(sizes.size, Wide<T>::round_up((sizes.size + tiles - 1) / tiles));  // tiles of about one size
}

}  // namespace opbench::OPBENCH_VARIANT
