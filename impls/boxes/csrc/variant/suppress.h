// Greedy suppression of one class: 64 boxes at a time settle who of them is kept, and those suppress all that are left.
#pragma once

#include <algorithm>
#include <mutex>
#include <vector>

#include "../../../cross_hadamard/csrc/cpu/sharing.h"
#include "../boxes.h"
#include "corners.h"

namespace opbench::OPBENCH_VARIANT {

constexpr int64_t kBlock = 64;  // boxes, a bit each

// Boxes that are left, in order of score, with their places in the input.
template <typename T>
struct Left {
  Columns<T> corners;
  Scratch<uint32_t> kept_places;
  uint32_t* const places = kept_places.data();
  int64_t count = 0;

  explicit Left(int64_t most) : corners(most), kept_places(most) {}

  void add(const T* box, uint32_t place) {
    corners.set(count, box);
    places[count++] = place;
  }
  void move(int64_t from, int64_t to) {
    corners.move(from, to);
    places[to] = places[from];
  }
};

// Which of `others` overlap `box` more than the threshold, beside those that `already` do. Most pairs have nothing in
// common, and most of the rest too little: a division, which takes as long as all else, is left to those that are near.
template <typename T>
inline Mask<T> suppressed(const Corners<T>& box, const Corners<T>& others, const Threshold<T>& threshold, Mask<T> already) {
  const Common<T> both = common(box, others);
  const Mask<T> touching = both.exists();
  if (!touching.any()) return already;
  const Vec<T> shared = both.area(), either = box.area + others.area - shared;
  const Mask<T> near = touching & at_least(shared, Vec<T>(threshold.low) * either);
  if (!near.any()) return already;
  return already | (near & greater(shared / either, Vec<T>(threshold.exact)));
}

// Bits of the `count` boxes from `from` on, at most kBlock, that are kept; each suppresses those behind it.
template <typename T>
uint64_t settle(const Columns<T>& boxes, int64_t from, int64_t count, const Threshold<T>& threshold) {
  constexpr int64_t width = Vec<T>::width;
  uint64_t kept = ~uint64_t{0} >> (kBlock - count);
  for (int64_t one = 0; one < count; ++one) {
    if ((kept >> one & 1) == 0) continue;
    const Corners<T> box = boxes.spread(from + one);
    uint64_t gone = 0;
    for (int64_t at = one / width * width; at < count; at += width) {
      gone |= suppressed(box, boxes.load(from + at), threshold, Mask<T>{}).to_bits() << at;
    }
    kept &= ~(gone & (~uint64_t{1} << one));
  }
  return kept;
}

// Some boxes, each in a register of its own.
template <typename T>
struct Some {
  const Corners<T>* first;
  int64_t count;
  const Corners<T>* begin() const { return first; }
  const Corners<T>* end() const { return first + count; }
};

// What of [from, to) the boxes of `by` leave is moved together from `from` on; returns its end. `from` and `to` are whole
// registers, but for the end of all.
template <typename T>
int64_t thin_out(Left<T>& left, int64_t from, int64_t to, const Some<T>& by, const Threshold<T>& threshold) {
  constexpr int64_t width = Vec<T>::width;
  int64_t end = from;
  for (int64_t at = from; at < to; at += width) {
    const Corners<T> others = left.corners.load(at);
    Mask<T> gone;
    for (const Corners<T>& box : by) {
      gone = suppressed(box, others, threshold, gone);
      if (gone.all()) break;
    }
    const uint64_t bits = gone.to_bits();
    for (int64_t lane = 0; lane < std::min(width, to - at); ++lane) {
      left.move(at + lane, end);
      end += 1 - static_cast<int64_t>(bits >> lane & 1);
    }
  }
  return end;
}

// Boxes that are settled before the team is asked. Of 20,000 in one class of which few are suppressed, 64 at a time open 300
// parallel regions and 2,048 six, where a quarter of all pairs is one thread's.
constexpr int64_t kAhead = 2048;

// Registers of boxes worth a thread. Against 64 boxes one takes 0.12 us with AVX-512 and 0.08 with AVX2, which has half as
// many in it (EPYC 9004 VM; 10,000 boxes of which none is suppressed): against kAhead these take 2 ms. Waking a thread takes
// 5 us on an idle machine; where others have its core, a region was measured to take up to 15 ms (two cores, load 7).
constexpr int64_t kRegisters = 512;

// The same of [from, left.count) by several threads, each with a part of its own; then the parts are moved together.
template <typename Pool, typename T>
void thin_out_rest(const Pool& pool, Left<T>& left, int64_t from, const std::vector<Corners<T>>& by,
                   const Threshold<T>& threshold) {
  constexpr int64_t width = Vec<T>::width;
  struct Part {
    int64_t from, to;
  };
  std::vector<Part> parts;
  std::mutex writing;
  pool.parallel_for((left.count - from + width - 1) / width, kRegisters, [&](int64_t first, int64_t last) {
    const int64_t begin = from + first * width, end = std::min(left.count, from + last * width);
    Part found{begin, end};
    for (int64_t at = 0; at < static_cast<int64_t>(by.size()); at += kBlock) {  // more would not stay in the first cache
      const Some<T> some{by.data() + at, std::min(kBlock, static_cast<int64_t>(by.size()) - at)};
      found.to = thin_out(left, begin, found.to, some, threshold);
    }
    const std::lock_guard<std::mutex> lock(writing);
    parts.push_back(found);
  });
  std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.from < b.from; });
  int64_t end = 0;
  for (const Part& part : parts) {
    for (int64_t axis = 0; axis < 5; ++axis) {
      T* const column = left.corners.column(axis);
      std::copy(column + part.from, column + part.to, column + end);
    }
    std::copy(left.places + part.from, left.places + part.to, left.places + end);
    end += part.to - part.from;
  }
  left.count = end;
}

// Who of the first `head` boxes is kept, marked in `kept` and appended to `by`. What lies there afterwards is of no use.
template <typename T>
void settle_head(Left<T>& left, int64_t head, std::vector<Corners<T>>& by, const Threshold<T>& threshold, uint8_t* kept) {
  for (int64_t from = 0; from < head; from += kBlock) {
    const int64_t block = std::min(kBlock, head - from), before = static_cast<int64_t>(by.size());
    const uint64_t survivors = settle(left.corners, from, block, threshold);
    for (int64_t one = 0; one < block; ++one) {
      if ((survivors >> one & 1) == 0) continue;
      kept[left.places[from + one]] = 1;
      by.push_back(left.corners.spread(from + one));
    }
    const Some<T> some{by.data() + before, static_cast<int64_t>(by.size()) - before};
    head = thin_out(left, std::min(head, from + kBlock), head, some, threshold);
  }
}

// One class: boxes in order of score, `order` of them. Boxes without area overlap nothing and are kept at once.
template <typename Pool, typename T>
void suppress_class(const Pool& pool, const T* boxes, const uint32_t* order, int64_t count, const Threshold<T>& threshold,
                    uint8_t* kept) {
  Left<T> left(count);
  for (int64_t k = 0; k < count; ++k) {
    const T* const box = boxes + 4 * int64_t{order[k]};
    if (box[2] > box[0] && box[3] > box[1]) {
      left.add(box, order[k]);
    } else {
      kept[order[k]] = 1;
    }
  }
  std::vector<Corners<T>> by;
  by.reserve(std::min(kBlock, left.count));
  while (left.count > 0) {
    by.clear();
    const int64_t head = std::min(kAhead, left.count);
    settle_head(left, head, by, threshold, kept);
    thin_out_rest(pool, left, head, by, threshold);
  }
}

// Boxes worth a thread of their own, where each has whole classes: 1,000 of them in classes of 125 take 10 us there, and a
// thread that has to be woken on a busy machine takes longer.
constexpr int64_t kShare = 4096;

// Boxes of a class that is worth the whole team.
template <typename T>
constexpr int64_t kLarge = kAhead + kRegisters * Vec<T>::width;

// Large classes in turn, by all threads together; the others shared, each by one, cut where their boxes are.
template <typename Pool, typename T>
void suppress(const Pool& pool, const T* boxes, const uint32_t* order, const int64_t* ends, int64_t groups,
              Threshold<T> threshold, uint8_t* kept) {
  const auto start = [&](int64_t group) { return group == 0 ? int64_t{0} : ends[group - 1]; };
  const auto settle_class = [&](int64_t group) {
    suppress_class(pool, boxes, order + start(group), ends[group] - start(group), threshold, kept);
  };
  std::vector<int64_t> small, boxes_before;
  int64_t total = 0;
  for (int64_t group = 0; group < groups; ++group) {
    if (const int64_t count = ends[group] - start(group); count >= kLarge<T>) {
      settle_class(group);
    } else {
      small.push_back(group);
      boxes_before.push_back(total);
      total += count;
    }
  }
  pool.parallel_for(total, kShare, [&](int64_t first, int64_t last) {  // a class is of the part that its first box is in
    auto at = std::lower_bound(boxes_before.begin(), boxes_before.end(), first) - boxes_before.begin();
    for (; at < static_cast<int64_t>(small.size()) && boxes_before[at] < last; ++at) settle_class(small[at]);
  });
}

}  // namespace opbench::OPBENCH_VARIANT
