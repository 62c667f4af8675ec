// x, and behind it the normalised products of its selected channels, in one pass over the output.
//
// The selected channels are packed into scratch, widened, each row padded to whole vectors. A map is then made in
// whole vectors too: what its last one writes too much, the next map overwrites. Only the end of a run needs care.

#pragma once

#include "pairs.h"
#include "tile.h"
#include "vector/norms.h"
#include "vector/queue.h"

namespace opbench::OPBENCH_VARIANT {

template <typename T>
struct Expansion {
  const T* x;
  const int64_t* index;
  const Normaliser<T>& normaliser;
  T* out;
  const Sizes& sizes;
  bool copied;  // whether x is in its place already
  int64_t pairs = pair_count(sizes.n);

  T* sample(int64_t b) const { return out + b * (sizes.channels + pairs) * sizes.size; }
};

// Pairs [begin, end) of a sample.
struct Pairs {
  int64_t begin, end;
};

// What is done to the products of pair p.
template <typename N, typename T>
class Normalised {
 public:
  using Sum = Accumulate<T>;
  using V = Vec<Sum>;

  Normalised(const Normaliser<T>& normaliser, int64_t p)
      : alpha_(normaliser.alpha), weight_(normaliser.weight[p]), bias_(normaliser.bias[p]) {}

  // Whole vectors of a map or of a piece, so many that `count` elements are written.
  void write(const Sum* first, const Sum* second, T* to, int64_t count) const {
    for (int64_t at = 0; at < count; at += Wide<T>::width) vector(first + at, second + at).store(to + at);
  }
  // `count` elements and none behind.
  void write_exactly(const Sum* first, const Sum* second, T* to, int64_t count) const {
    const int64_t whole = count / Wide<T>::width * Wide<T>::width;
    write(first, second, to, whole);
    if (whole < count) vector(first + whole, second + whole).store(to + whole, count - whole);
  }

 private:
  Vec<T> vector(const Sum* first, const Sum* second) const {
    typename Wide<T>::Parts found;
    for (int64_t part = 0; part < Wide<T>::parts; ++part) {
      const int64_t place = part * Wide<T>::part;
      const V u = argument<N>(alpha_ * (V::load(first + place) * V::load(second + place)));
      found[part] = N::value(u) * weight_ + bias_;
    }
    return Wide<T>::narrow(found);
  }

  V alpha_, weight_, bias_;
};

// The products of `pairs` at `positions` of sample b, whose selected channels are packed in `rows`.
template <typename N, Stores stores, typename T, typename Sum = Accumulate<T>>
void write_products(const Expansion<T>& e, int64_t b, Pairs pairs, Positions positions, const Sum* rows) {
  const int64_t n = e.sizes.n, size = e.sizes.size, count = positions.count, stride = row_stride<T>(count);
  const bool whole = count == size;
  T* to = e.sample(b) + (e.sizes.channels + pairs.begin) * size + positions.start;
  [[maybe_unused]] std::conditional_t<stores == Stores::streaming, Queue<T>, T*> queue(to);
  // What the last vector of a map writes too much, the next maps overwrite; the last ones have none.
  const int64_t full = Wide<T>::round_up(count);
  const int64_t safe = whole ? pairs.end - (full - 1) / size : full == count ? pairs.end : pairs.begin;
  int64_t i = first_channel(pairs.begin, n), j = i + 1 + pairs.begin - row_start(i, n);
  for (int64_t p = pairs.begin; p < pairs.end; j = ++i + 1) {
    const Sum *first = rows + i * stride, *second = rows + j * stride;
    const int64_t last = std::min(pairs.end, p + n - j);
    if constexpr (stores == Stores::streaming) {
      for (; p < last; ++p, to += size, second += stride) {
        const Normalised<N, T> normalised(e.normaliser, p);
        if (!whole) queue.restart(to);
        for (int64_t at = 0; at < count; at += Queue<T>::most) {
          const int64_t part = std::min(Queue<T>::most, count - at);
          normalised.write(first + at, second + at, queue.place(), part);
          queue.added(part);
        }
      }
    } else {
      for (const int64_t end = std::min(last, safe); p < end; ++p, to += size, second += stride) {
        Normalised<N, T>(e.normaliser, p).write(first, second, to, full);
      }
      for (; p < last; ++p, to += size, second += stride) {
        Normalised<N, T>(e.normaliser, p).write_exactly(first, second, to, count);
      }
    }
  }
}

// write_products with its normaliser chosen: what follows is compiled once, not once for each of them.
template <typename T>
using WriteProducts = void (*)(const Expansion<T>&, int64_t, Pairs, Positions, const Accumulate<T>*);

template <Stores stores, typename T>
WriteProducts<T> writer(Norm norm) {
  WriteProducts<T> found = nullptr;
  with_norm(norm, [&](auto each) { found = write_products<decltype(each), stores, T>; });
  return found;
}

// Whole maps, one behind the other: every part copies its share of x and makes its share of the maps.
template <Stores stores, typename Pool, typename T>
void expand_flat(const Pool& pool, const Expansion<T>& e) {
  const auto write = writer<stores, T>(e.normaliser.norm);
  const Sizes& s = e.sizes;
  const int64_t elements = s.batch * (s.channels + e.pairs) * s.size;
  const int64_t parts = std::clamp<int64_t>(elements / part<T>(Pool::kExpandPart), 1, pool.most_parts());
  const int64_t channels = s.batch * s.channels, maps = s.batch * e.pairs;
  const uint64_t call = next_call();
  pool.parallel_for(parts, 1, [&](int64_t from, int64_t to) {
    for (int64_t c = from * channels / parts, end = to * channels / parts; !e.copied && c < end;) {
      const int64_t b = c / s.channels, count = std::min(end, (b + 1) * s.channels) - c;
      copy<stores>(e.x + c * s.size, e.sample(b) + c % s.channels * s.size, count * s.size);
      c += count;
    }
    PackedSample<T> packed(s, call);
    for (int64_t m = from * maps / parts, end = to * maps / parts; m < end;) {
      const int64_t b = m / e.pairs, count = std::min(end, (b + 1) * e.pairs) - m;
      const auto* rows = packed.rows(b, e.x + b * s.channels * s.size, e.index + b * s.n);
      write(e, b, {m % e.pairs, m % e.pairs + count}, {0, s.size}, rows);
      m += count;
    }
    if constexpr (stores == Stores::streaming) drain_streams();
  });
}

// Large maps: as many positions at a time as the packed channels fit into a cache with, and of these all maps. The first
// level where what is written goes around it, the second where it does not: pieces are then longer. us of one thread of
// an Intel Xeon (family 6, model 207), first | second level:
//    streamed   64x56x56 k=48  1051 | 1345                                  64x112x112 k=24  1348 | 1674
//    cached     64x56x56 k=48  2954 | 1752      64x56x56 k=32  858 | 675    64x112x112 k=24  2082 | 1878
template <Stores stores, typename Pool, typename T>
void expand_blocked(const Pool& pool, const Expansion<T>& e) {
  const auto write = writer<stores, T>(e.normaliser.norm);
  const Sizes& s = e.sizes;
  const int64_t fits = stores == Stores::streaming ? fitting_nearest<T>(s.n) : fitting<T>(s.n, kTile);
  const int64_t most = positions_at_a_time<T>(pool, s, fits), tiles = (s.size + most - 1) / most;
  const int64_t each = std::max<int64_t>(1, (s.channels + e.pairs) * most);
  pool.parallel_for(s.batch * tiles, units_a_thread<T>(Pool::kExpandPart, each), [&](int64_t from, int64_t to) {
    const Scratch<Accumulate<T>> rows(s.n * row_stride<T>(most));
    for (int64_t unit = from; unit < to; ++unit) {
      const int64_t b = unit / tiles, start = unit % tiles * most, count = std::min(most, s.size - start);
      const T* x = e.x + b * s.channels * s.size;
      for (int64_t c = 0; !e.copied && c < s.channels; ++c) {
        copy<stores>(x + c * s.size + start, e.sample(b) + c * s.size + start, count);
      }
      pack(x, e.index + b * s.n, s, {start, count}, rows.data());
      if (e.pairs > 0) write(e, b, {0, e.pairs}, {start, count}, rows.data());
    }
    if constexpr (stores == Stores::streaming) drain_streams();
  });
}

// GB/s written by one thread, flat | blocked, by KiB of packed channels:
//    49  31.8 | 30.4      196  29.9 | 25.8      248  26.1 | 31.8      1568  17.3 | 20.1
template <typename T>
Schedule own_schedule(const Sizes& sizes) {
  return sizes.n * sizes.size * static_cast<int64_t>(sizeof(Accumulate<T>)) > kTile ? Schedule::blocked
                                                                                         : Schedule::flat;
}

template <Stores stores, typename Pool, typename T>
void expand_stored(const Pool& pool, const Expansion<T>& e, Schedule schedule) {
  schedule == Schedule::blocked ? expand_blocked<stores>(pool, e) : expand_flat<stores>(pool, e);
}

template <typename Pool, typename T>
void run(const Pool& pool, const Expansion<T>& e, Schedule schedule, Stores stores) {
  if (e.sizes.empty()) return;  // without channels there is none to select either
  stores == Stores::streaming ? expand_stored<Stores::streaming>(pool, e, schedule)
                              : expand_stored<Stores::cached>(pool, e, schedule);
}

// x (B, C, S), index (B, n) -> out (B, C + P, S): x itself, then the normalised products, rounded once.
template <typename Pool, typename T>
void expand(const Pool& pool, const T* x, const int64_t* index, const Normaliser<T>& normaliser, T* out,
            const Sizes& sizes, Schedule schedule, Stores stores) {
  run(pool, Expansion<T>{x, index, normaliser, out, sizes, false}, schedule, stores);
}

// `expand` where x is in its place in the output already: the products alone are written.
template <typename Pool, typename T>
void append_products(const Pool& pool, const T* x, const int64_t* index, const Normaliser<T>& normaliser, T* out,
                     const Sizes& sizes, Schedule schedule, Stores stores) {
  run(pool, Expansion<T>{x, index, normaliser, out, sizes, true}, schedule, stores);
}

}  // namespace opbench::OPBENCH_VARIANT
