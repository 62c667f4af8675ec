// Some spatial positions of a sample's selected channels, widened and packed row by row.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "sharing.h"
#include "vector/memory.h"
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

// A number that no other call has.
inline uint64_t next_call() {
  static std::atomic<uint64_t> calls{0};
  return ++calls;
}

// Whole maps packed, a sample at a time. A thread keeps what it packed last, where that is small: of parts of one call
// that meet the same thread, and are of one sample, the first packs.
template <typename T>
class PackedSample {
 public:
  using Sum = Accumulate<T>;

  PackedSample(const Sizes& sizes, uint64_t call)
      : sizes_(sizes), call_(call), count_(sizes.n * row_stride<T>(sizes.size)) {
    thread_local Rows kept;
    rows_ = count_ * static_cast<int64_t>(sizeof(Sum)) <= kKept ? &kept : &own_;
  }
  PackedSample(const PackedSample&) = delete;
  PackedSample& operator=(const PackedSample&) = delete;

  // The rows of sample b: x (C, S), index (n,).
  const Sum* rows(int64_t b, const T* x, const int64_t* index) {
    Sum* const found = on_a_line(rows_->values, count_);
    if (rows_->call != call_ || rows_->sample != b) {
      pack(x, index, sizes_, {0, sizes_.size}, found);
      rows_->call = call_;
      rows_->sample = b;
    }
    return found;
  }

 private:
  struct Rows {
    std::vector<Sum> values;
    uint64_t call = 0;
    int64_t sample = 0;
  };

  const Sizes& sizes_;
  uint64_t call_;
  int64_t count_;
  Rows own_;
  Rows* rows_;
};

// Bytes a thread's packed tile may take: half of a second-level cache of 1 MiB, which output and gradients share.
constexpr int64_t kTile = int64_t{256} << 10;

// Bytes that stay in a first-level cache of 32 KiB beside what streams by, and the least positions worth it. A tile of
// 51 KiB (8x32x14x14, backward, one thread, EPYC 9004) took 168 to 185 us in five processes of eight and 224 to 284 in
// three, for their whole life, by where it lay; one of 26 KiB takes 175 to 188 in 13 processes of 14 and 239 in one.
// Rows shorter than this cost more: 84 us against 76 at 48 channels, 580 against 310 at 128.
constexpr int64_t kFirst = int64_t{28} << 10;
constexpr int64_t kLongEnough = 80;

// How many positions, in whole vectors, `rows` rows of fit into so many bytes.
template <typename T>
int64_t fitting(int64_t rows, int64_t bytes) {
  const int64_t width = Wide<T>::width;
  return bytes / (std::max<int64_t>(1, rows) * static_cast<int64_t>(sizeof(Accumulate<T>)) * width) * width;
}

// How many stay in the first-level cache where rows of them are long enough, else in the second.
template <typename T>
int64_t fitting_nearest(int64_t rows) {
  const int64_t first = fitting<T>(rows, kFirst);
  return first >= kLongEnough ? first : fitting<T>(rows, kTile);
}

// How many to take at a time: tiles of about one size, none with more than `most`, and some for every thread.
template <typename T, typename Pool>
int64_t positions_at_a_time(const Pool& pool, const Sizes& sizes, int64_t most) {
  const int64_t at_most = std::max<int64_t>(most, Wide<T>::width);
  const int64_t tiles = std::max((sizes.size + at_most - 1) / at_most, pool.threads() / sizes.batch);
  return std::min(sizes.size, Wide<T>::round_up((sizes.size + tiles - 1) / tiles));
}

}  // namespace opbench::OPBENCH_VARIANT
