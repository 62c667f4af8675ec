// x, and behind it the normalised products of its selected channels, in one pass over the output.
//
// The selected channels are packed into scratch, widened, each row padded to whole vectors. A map is then made in
// whole vectors too: what its last one writes too much, the next map overwrites. Only the end of a run needs care.

#pragma once

#include "../pairs.h"
#include "vector/memory.h"
#include "vector/norms.h"
#include "vector/queue.h"
#include "tile.h"

namespace opbench::OPBENCH_VARIANT {

// Bytes of output worth a thread of their own. Whole calls at batch 1, us with 1 | 2 threads on 2 idle cores of an EPYC
// 9004 VM: 119 KiB 7.9 | 8.2, 169 KiB 9.5 | 9.4, 526 KiB 19.8 | 13.8. Inside a network the other thread is awake and
// spinning anyway: of what ACH costs Hadaptive-Net-S, 79 to 85 % is saved with 64 KiB, 72 to 79 with 128. And whoever
// waits for a thread that the operating system has put aside waits for milliseconds.
constexpr int64_t kExpandPart = int64_t{64} << 10;

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

// One map, or a piece: `count` elements to `to`, where `room` >= count elements may be overwritten.
template <typename N, typename T, typename Sum = Accumulate<T>>
inline void write_map(const Sum* first, const Sum* second, Sum alpha, Sum weight, Sum bias, T* to, int64_t count,
                      int64_t room) {
  using V = Vec<Sum>;
  const V by(alpha), times(weight), plus(bias);
  for (int64_t at = 0; at < count; at += Wide<T>::width) {
    typename Wide<T>::Parts found;
    for (int64_t part = 0; part < Wide<T>::parts; ++part) {
      const int64_t place = at + part * Wide<T>::part;
      const V u = bounded<Sum>(by * (V::load(first + place) * V::load(second + place)));
      found[part] = N::value(u) * times + plus;
    }
    if (at + Wide<T>::width <= room) {
      Wide<T>::narrow(found).store(to + at);
    } else {
      Wide<T>::narrow(found).store(to + at, count - at);
    }
  }
}

// The products of `pairs` at `positions` of sample b, whose selected channels are packed in `rows`.
template <typename N, Stores stores, typename T, typename Sum = Accumulate<T>>
void write_products(const Expansion<T>& e, int64_t b, Pairs pairs, Positions positions, const Sum* rows) {
  const int64_t n = e.sizes.n, size = e.sizes.size, count = positions.count, stride = row_stride<T>(count);
  const bool whole = count == size;
  T* to = e.sample(b) + (e.sizes.channels + pairs.begin) * size + positions.start;
  [[maybe_unused]] Queue<T> queue(to);
  int64_t i = first_channel(pairs.begin, n), j = i + 1 + pairs.begin - row_start(i, n);
  for (int64_t p = pairs.begin; p < pairs.end; ++p, to += size) {
    const Sum *first = rows + i * stride, *second = rows + j * stride;
    const auto piece = [&](int64_t at, T* place, int64_t part, int64_t room) {
      write_map<N, T>(first + at, second + at, e.normaliser.alpha, e.normaliser.weight[p], e.normaliser.bias[p],
                      place, part, room);
    };
    if constexpr (stores == Stores::streaming) {
      if (!whole) queue.restart(to);
      for (int64_t at = 0; at < count; at += Queue<T>::most) {
        const int64_t part = std::min(Queue<T>::most, count - at);
        piece(at, queue.place(), part, part + Wide<T>::width);
        queue.added(part);
      }
    } else {
      piece(0, to, count, whole ? (pairs.end - p) * size : count);
    }
    if (++j == n) j = ++i + 1;
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

// Whole maps, one behind the other: every thread copies its share of x and makes its share of the maps.
template <Stores stores, typename T>
void expand_flat(const Expansion<T>& e) {
  const auto write = writer<stores, T>(e.normaliser.norm);
  const Sizes& s = e.sizes;
  const int64_t elements = s.batch * (s.channels + e.pairs) * s.size, row = row_stride<T>(s.size);
  const int64_t parts = std::clamp<int64_t>(elements / part<T>(kExpandPart), 1, thread_count());
  const int64_t channels = s.batch * s.channels, maps = s.batch * e.pairs;
  parallel_for(parts, 1, [&](int64_t from, int64_t to) {
    for (int64_t c = from * channels / parts, end = to * channels / parts; !e.copied && c < end;) {
      const int64_t b = c / s.channels, count = std::min(end, (b + 1) * s.channels) - c;
      copy<stores>(e.x + c * s.size, e.sample(b) + c % s.channels * s.size, count * s.size);
      c += count;
    }
    const Scratch<Accumulate<T>> rows(s.n * row);
    for (int64_t m = from * maps / parts, end = to * maps / parts; m < end;) {
      const int64_t b = m / e.pairs, count = std::min(end, (b + 1) * e.pairs) - m;
      pack(e.x + b * s.channels * s.size, e.index + b * s.n, s, {0, s.size}, rows.data());
      write(e, b, {m % e.pairs, m % e.pairs + count}, {0, s.size}, rows.data());
      m += count;
    }
    if constexpr (stores == Stores::streaming) drain_streams();
  });
}

// Large maps: as many positions at a time as the packed channels fit into the cache with, and of these all maps.
template <Stores stores, typename T>
void expand_blocked(const Expansion<T>& e) {
  const auto write = writer<stores, T>(e.normaliser.norm);
  const Sizes& s = e.sizes;
  const int64_t most = positions_at_a_time<T>(s, s.n), tiles = (s.size + most - 1) / most;
  const int64_t each = std::max<int64_t>(1, (s.channels + e.pairs) * most);
  parallel_for(s.batch * tiles, units_a_thread<T>(kExpandPart, each), [&](int64_t from, int64_t to) {
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

template <Stores stores, typename T>
void expand_stored(const Expansion<T>& e, Schedule schedule) {
  schedule == Schedule::blocked ? expand_blocked<stores>(e) : expand_flat<stores>(e);
}

template <typename T>
void run(const Expansion<T>& e, Schedule schedule, Stores stores) {
  if (e.sizes.empty()) return;  // without channels there is none to select either
  stores == Stores::streaming ? expand_stored<Stores::streaming>(e, schedule)
                              : expand_stored<Stores::cached>(e, schedule);
}

template <typename T>
void expand(const T* x, const int64_t* index, const Normaliser<T>& normaliser, T* out, const Sizes& sizes,
            Schedule schedule, Stores stores) {
  run(Expansion<T>{x, index, normaliser, out, sizes, false}, schedule, stores);
}

// `expand` where x is in its place in the output already: the products alone are written.
template <typename T>
void append_products(const T* x, const int64_t* index, const Normaliser<T>& normaliser, T* out, const Sizes& sizes,
                     Schedule schedule, Stores stores) {
  run(Expansion<T>{x, index, normaliser, out, sizes, true}, schedule, stores);
}

}  // namespace opbench::OPBENCH_VARIANT
