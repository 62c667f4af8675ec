// The schedule `flat`. The output is one contiguous span, so threads share it by element, not by first channel (rows of
// the triangle are of unequal length), and every thread writes its part front to back.
//
// Rows of the triangle that lie in one thread's part are made several at a time: all of them multiply by the same second
// channels, a piece of which then comes from the first-level cache for all rows but the first.
#pragma once

#include <array>

#include "pairs.h"
#include "sharing.h"
#include "vector/memory.h"
#include "vector/rows.h"

namespace opbench::OPBENCH_VARIANT {

// Rows made together, and bytes of second channels that they go over in turn. Beside it lie the rows' first channels,
// 12 KiB of four maps of 28x28. GB/s written by 1, 2 and 4 rows a time, outputs streamed to memory, two threads of an
// Intel Xeon (family 6, model 207): 24 MiB 27, 31, 31; 48 MiB 29, 32, 33.
constexpr int64_t kRows = 4;
constexpr int64_t kPiece = int64_t{4} << 10;

// Bytes of first channels that stay in a first-level cache of 32 KiB beside the piece: two maps of 56x56. Streamed, with 1,
// 2 and 4 of them, on the same machine, in % of the fastest fill: 97 MiB 78, 88, 85; 47 MiB 78, 91, 88; 193 MiB 81, 88, 80.
constexpr int64_t kFirsts = int64_t{26} << 10;

// Streamed maps of whole lines, of this size at least, are made a stripe at a time, for so many rows together: second
// channels come from the second-level cache once for all of them. In % of the fastest streaming fill, float, without and
// with it, calls in random order, on the machine above: 8x64x56x56 92, 97; 1x128x56x56 92, 96; 2x32x112x112 81, 89;
// 8x128x28x28 95, 97. Stripes of 1 or 4 KiB, and 16 rows, are 0 to 5 % slower. Stored through the caches it costs up to
// 14 % (1x64x28x28), and where factors are widened (bfloat16), which rows do once, 11 %.
//
// On AMD's processors, whose caches read ahead along a row as fast as it is written, only maps that do not stay in the
// first-level cache. There, in % of the same fill, without and with stripes, two threads of an EPYC 9004, calls taking
// turns, while memory is written at 54 GB/s: 8x64x56x56 98, 94; 8x128x28x28 100, 98; 1x128x56x56 100, 97; 4x64x56x56
// 100, 96; 2x32x112x112 86, 97. Alike within 2 where the host allows 27.
constexpr int64_t kStripeRows = 8;
constexpr int64_t kStripe = int64_t{2} << 10;

// Whether streamed maps that stay in a first-level cache are made in stripes too, from now on.
inline bool& small_maps_in_stripes() {
#if defined(__x86_64__)
  static bool stripes = !__builtin_cpu_is("amd");
#else
  static bool stripes = true;
#endif
  return stripes;
}

// A row of the triangle that is being made: the pairs of channel i with those behind it.
template <typename T>
struct Row {
  Ring<T> first;
  T* out;         // where the product with element 0 of channel 0 would go, if that were one of the row's pairs
  int64_t done;   // elements of the sample's channels that were multiplied, from channel 0 on
  int64_t least;  // exponent of the first channel, where it is asked for

  // Multiplies the sample's elements [done, end), whose least exponent is given. Streamed, it stops at a line's start where
  // that is not the row's end.
  template <Stores stores>
  void multiply_to(const T* channels, int64_t end, bool last, int64_t seconds) {
    if constexpr (stores == Stores::streaming) {
      if (!last) end -= past_line(out + end) / static_cast<int64_t>(sizeof(T));
    }
    if (end <= done) return;
    const int64_t phase = done % first.period(), count = end - done;
    const T* from = channels + done;
    T* to = out + done;
    done = end;
    if constexpr (kAsksForSubnormals<T>) {
      // Exponents e stand for 2^(e - 127), the least normal number is 2^-126.
      if (least + seconds >= 128) return multiply_ring<stores, Results::normal>(first, phase, from, to, count);
    }
    multiply_ring<stores, Results::any>(first, phase, from, to, count);
  }
};

template <typename T>
class Flat {
 public:
  // z (B, n, S) and out (B, P, S).
  Flat(const T* z, T* out, int64_t n, int64_t size)
      : z_(z),
        out_(out),
        n_(n),
        size_(size),
        most_(std::clamp<int64_t>(part<Factor<T>>(kFirsts) / size, 1, kRows)),
        in_place_(size % Vec<T>::width == 0 && is_aligned(out)),
        room_(Ring<T>::room(size, in_place_, n * size / 2)),
        copies_(most_ * room_),
        stripe_(stripe(out, size)),
        rows_{make_row(0), make_row(1), make_row(2), make_row(3)} {}

  // Elements [begin, end) of the output.
  template <Stores stores>
  void multiply(int64_t begin, int64_t end) {
    const int64_t sample = pair_count(n_) * size_;
    const bool striped = stores == Stores::streaming && stripe_ > 0;
    const int64_t most = striped ? kStripeRows : most_;
    while (begin < end) {
      const int64_t b = begin / sample, inside = begin % sample, before = begin - inside;
      const int64_t i = first_channel(inside / size_, n_);
      const int64_t skipped = inside - row_start(i, n_) * size_;  // of this row, written by the thread before
      int64_t rows = 1;
      while (skipped == 0 && rows < most && i + rows < n_ - 1 && before + row_start(i + rows + 1, n_) * size_ <= end) {
        ++rows;
      }
      const int64_t stop = std::min(before + row_start(i + rows, n_) * size_, end);
      if (striped && rows > 1) {
        multiply_stripes(b, i, rows);
      } else {
        multiply_rows<stores>(b, i, rows, skipped, stop - begin);
      }
      begin = stop;
    }
    if constexpr (stores == Stores::streaming) drain_streams();
  }

 private:
  Row<T> make_row(int64_t row) const {
    Factor<T>* copy = copies_.data() + std::min(row, most_ - 1) * room_;  // of those in use each its own
    return {Ring<T>(size_, in_place_, n_ * size_ / 2, copy), nullptr, 0, 0};
  }

  // Of channels, where rounding goes by it: a piece is looked at once for all rows; a single row would cost what it saves,
  // and 0 says nothing. GB/s of bfloat16 made by one thread into the second cache, without and with it, on the machine
  // above: 7x7 19.9, 22.9; 14x14 21.4, 24.5; 16x16 21.5, 27. Streamed by two threads it makes no difference.
  static int64_t exponent([[maybe_unused]] const T* values, [[maybe_unused]] int64_t count) {
    if constexpr (kAsksForSubnormals<T>) {
      return least_exponent(values, count);
    } else {
      return 0;
    }
  }

  // Elements of a stripe, whole lines, all stripes of a map about as long; 0 where maps are not made so.
  static int64_t stripe(const T* out, int64_t size) {
    constexpr int64_t line = part<T>(kLine), most = part<T>(kStripe);
    if (!small_maps_in_stripes() && size <= part<T>(kFirsts)) return 0;
    if (!std::is_same_v<T, Factor<T>> || size < most || size % line != 0 || past_line(out) != 0) return 0;
    const int64_t stripes = (size + most - 1) / most;
    return (size / line + stripes - 1) / stripes * line;
  }

  // All of rows i, i + 1, ... of sample b, streamed.
  void multiply_stripes(int64_t b, int64_t i, int64_t rows) {
    const T* channels = z_ + b * n_ * size_;
    T* maps = out_ + b * pair_count(n_) * size_;
    for (int64_t start = 0; start < size_; start += stripe_) {
      const int64_t count = std::min(stripe_, size_ - start);
      for (int64_t j = i + 1; j < n_; ++j) {
        for (int64_t r = i; r < std::min(i + rows, j); ++r) {
          multiply_row<Stores::streaming>(channels + r * size_ + start, channels + j * size_ + start,
                                          maps + pair_to_flat(r, j, n_) * size_ + start, count);
        }
      }
    }
  }

  // Rows i, i + 1, ... of sample b; of a single one `count` elements from `skipped` on.
  template <Stores stores>
  void multiply_rows(int64_t b, int64_t i, int64_t rows, int64_t skipped, int64_t count) {
    const T* channels = z_ + b * n_ * size_;
    T* maps = out_ + b * pair_count(n_) * size_;
    if constexpr (stores == Stores::streaming) {
      // The lines in which the rows after these meet. They are written in two parts, so through the cache, and whatever
      // is streamed behind waits for them: 1.05, 1.07 and 1.10 times as fast at 7x7 maps of float, bfloat16 and float16.
      for (int64_t r = rows; r <= 2 * rows && i + r < n_; ++r) prefetch(maps + row_start(i + r, n_) * size_);
    }
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t start = (i + r + 1) * size_;
      rows_[r].first.load(channels + (i + r) * size_);
      rows_[r].out = maps + row_start(i + r, n_) * size_ - start;
      rows_[r].done = start + skipped;
      rows_[r].least = rows > 1 ? exponent(channels + (i + r) * size_, size_) : 0;
    }
    const int64_t end = rows == 1 ? rows_[0].done + count : n_ * size_;
    const int64_t piece = rows == 1 ? count : part<T>(kPiece);
    const int64_t begin = rows_[0].done;
    for (int64_t at = begin; at < end;) {
      const int64_t from = std::max(begin, at - part<T>(kLine));  // rows stop at lines of their own
      at = std::min(at + piece, end);
      const int64_t least = rows > 1 ? exponent(channels + from, at - from) : 0;
      for (int64_t r = 0; r < rows; ++r) rows_[r].template multiply_to<stores>(channels, at, at == end, least);
    }
  }

  const T* z_;
  T* out_;
  int64_t n_, size_, most_;
  bool in_place_;
  int64_t room_;
  Scratch<Factor<T>> copies_;
  int64_t stripe_;
  std::array<Row<T>, kRows> rows_;
};

template <Stores stores, typename Pool, typename T>
void multiply_flat(const Pool& pool, const T* z, T* out, const Sizes& sizes) {
  share(pool, sizes.batch * pair_count(sizes.n) * sizes.size, sizeof(T), grain<T>(), [&](int64_t begin, int64_t end) {
    Flat<T>(z, out, sizes.n, sizes.size).template multiply<stores>(begin, end);
  });
}

}  // namespace opbench::OPBENCH_VARIANT
