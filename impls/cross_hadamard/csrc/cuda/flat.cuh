// Ours for small and odd maps (7x7, 14x14). The output is one contiguous span, and threads own consecutive 16-byte
// pieces of it whatever H*W is; a piece may hold the end of one map and the start of the next.
//
// A warp's pieces begin where a sector of 32 bytes does, and a sector that holds the end of one sample and the start of
// the next is written whole, by the first one's block: every sector is written once. `staged` copies the sample's
// channels into shared memory first; else they are read through the L1 cache. Both are read in units of 16, 8, 4 or 2
// bytes, the widest that maps and pointers are aligned to: element by element a warp asks for each sector 16 / itemsize
// times over.
#pragma once

#include "channels.cuh"
#include "epilogues.cuh"
#include "index.cuh"

namespace opbench {

constexpr int kFlatThreads = 256;
constexpr int kPieceBytes = 16, kSectorBytes = 32;

template <typename T>
using Piece = Vec<T, kPieceBytes / static_cast<int>(sizeof(T))>;

// Where a product's two factors lie, and its pair.
struct Cursor {
  i64 p;
  int i, j, s;
};

template <typename T, bool staged>
struct Factors {
  Channels<T> z;
  const T* shared;
  __device__ const T* map(int j, i64 size) const { return staged ? shared + j * size : z.map(j); }
  template <int unit>
  __device__ Vec<T, unit> at(const T* map, i64 s) const {
    if constexpr (staged) {
      return *reinterpret_cast<const Vec<T, unit>*>(map + s);
    } else {
      return map ? load<T, unit>(map + s) : missing<T, unit>();
    }
  }
};

// The sample's n maps, gathered into shared memory, `width` elements at once.
template <int width, typename T>
__device__ inline void gather(const Channels<T>& z, T* shared, unsigned count, unsigned size, unsigned magic,
                              int shift) {
  for (unsigned at = threadIdx.x * width; at < count; at += blockDim.x * width) {
    const unsigned j = divide_by(at, magic, shift);
    const T* map = z.map(j);
    *reinterpret_cast<Vec<T, width>*>(shared + at) =
        map ? load<T, width>(map + (at - j * size)) : missing<T, width>();
  }
}

// As above, in pieces where maps are aligned to them (`unit`) or where all maps are one span that is.
template <typename T>
__device__ inline void stage(const Channels<T>& z, T* shared, unsigned count, unsigned size, unsigned magic, int shift,
                             int unit) {
  constexpr int width = kPieceBytes / sizeof(T);
  if (unit == width) return gather<width>(z, shared, count, size, magic, shift);
  if (z.selected() || count % width != 0 || reinterpret_cast<unsigned long long>(z.sample()) % kPieceBytes != 0) {
    return gather<1>(z, shared, count, size, magic, shift);
  }
  for (unsigned at = threadIdx.x * width; at < count; at += blockDim.x * width) {
    *reinterpret_cast<Piece<T>*>(shared + at) = load<T, width>(z.sample() + at);
  }
}

__device__ inline Cursor locate(i64 element, i64 n, i64 size, unsigned magic, int shift) {
  const i64 p = (element >> 31) == 0 ? divide_by(static_cast<unsigned>(element), magic, shift) : element / size;
  const Pair pair = pair_of(p, n);
  return {p, pair.i, pair.j, static_cast<int>(element - p * size)};
}

// The lane's turn among the 4-byte words of its piece. Lanes own 16 consecutive bytes each, so lanes 8 apart would ask
// the same bank of shared memory for the same word of their piece; starting each group of 8 at another word, they do
// not. What is left are lanes on either side of a border: they begin their first factor anew, `size` elements before,
// and no order of a map's elements keeps two such runs apart.
template <int bytes>
__device__ inline int first_word() {
  const int group = static_cast<int>(threadIdx.x) / 8;
  return bytes >= kPieceBytes ? 0 : bytes == 8 ? group % 2 * 2 : group % 4;
}

__device__ inline uint4 turn_back(uint4 words, int by) {
  if (by & 1) words = make_uint4(words.w, words.x, words.y, words.z);
  if (by & 2) words = make_uint4(words.z, words.w, words.x, words.y);
  return words;
}

// A whole piece within one map, or over the border to the next map of the same first channel. Units lie in one map.
template <int unit, typename T, bool staged, typename Epilogue>
__device__ inline Piece<T> two_maps(const Factors<T, staged>& z, const Epilogue& epilogue, const Cursor& at, i64 size) {
  constexpr int width = kPieceBytes / sizeof(T), bytes = unit * static_cast<int>(sizeof(T));
  const int border = static_cast<int>(size) - at.s, word = staged ? first_word<bytes>() : 0;
  const int turn = word * 4 / static_cast<int>(sizeof(T));
  const bool crosses = unit < width && border < width;
  const T* first = z.map(at.i, size);
  const T* second = z.map(at.j, size);
  const T* next = crosses ? z.map(at.j + 1, size) : second;
  const auto pair = epilogue.of(at.p), next_pair = crosses ? epilogue.of(at.p + 1) : pair;
  Piece<T> piece;
#pragma unroll
  for (int step = 0; step < width; step += unit) {
    const int k = (step + turn) % width;
    const bool over = unit < width && k >= border;
    const int s = over ? k - border : at.s + k;
    const Vec<T, unit> part = epilogue.template operator()<unit>(
        z.template at<unit>(first, s), z.template at<unit>(over ? next : second, s), over ? next_pair : pair);
#pragma unroll
    for (int e = 0; e < unit; ++e) piece[step + e] = part[e];
  }
  if constexpr (staged && bytes < kPieceBytes) piece.bits = turn_back(piece.bits, word);
  return piece;
}

// The span of one sample's output: `lead` copied elements, then the products.
template <typename T, bool staged, typename Epilogue>
struct Span {
  static constexpr int width = kPieceBytes / sizeof(T);
  Factors<T, staged> z;
  Epilogue epilogue;
  i64 n, size, lead, length;
  unsigned magic;
  int shift, unit;

  __device__ T product(const Cursor& at) const {
    return epilogue.template operator()<1>(z.template at<1>(z.map(at.i, size), at.s),
                                           z.template at<1>(z.map(at.j, size), at.s), epilogue.of(at.p))[0];
  }
  __device__ T element(i64 e) const {
    return e < lead ? load_one(z.z.sample() + e) : product(locate(e - lead, n, size, magic, shift));
  }
  __device__ Piece<T> in_units(const Cursor& at) const {
    if (unit == width) return two_maps<width>(z, epilogue, at, size);
    if constexpr (sizeof(T) <= 4) {
      if (unit == width / 2) return two_maps<width / 2>(z, epilogue, at, size);
    }
    if constexpr (sizeof(T) == 2) {
      if (unit == width / 4) return two_maps<width / 4>(z, epilogue, at, size);
    }
    return two_maps<1>(z, epilogue, at, size);
  }
  __device__ Piece<T> copied(i64 begin) const {
    if (unit == width) return load<T, width>(z.z.sample() + begin);
    Piece<T> piece;
#pragma unroll
    for (int k = 0; k < width; ++k) piece[k] = load_one(z.z.sample() + begin + k);
    return piece;
  }
  __device__ Piece<T> whole(i64 begin) const {
    if (begin + width <= lead) return copied(begin);
    Piece<T> piece;
    if (begin >= lead) {
      Cursor at = locate(begin - lead, n, size, magic, shift);
      if (at.s + width <= size || (size >= width && at.j + 1 < n)) return in_units(at);
#pragma unroll
      for (int k = 0; k < width; ++k) {
        piece[k] = product(at);
        if (++at.s < size) continue;
        at.s = 0;
        ++at.p;
        if (++at.j < n) continue;
        ++at.i;  // past the last pair only after the last element of the span
        at.j = at.i + 1;
      }
      return piece;
    }
#pragma unroll
    for (int k = 0; k < width; ++k) piece[k] = element(begin + k);
    return piece;
  }
};

// All samples' spans, one after the other.
template <typename T, typename Epilogue>
struct Output {
  static constexpr int width = kPieceBytes / sizeof(T);
  const T* x;
  const i64* index;
  Epilogue epilogue;
  T* out;
  i64 batch, channels, n, size, lead, length;
  unsigned magic;
  int shift, unit;

  template <bool staged>
  __device__ Span<T, staged, Epilogue> sample(i64 b, const T* shared) const {
    return {{Channels<T>(x, index, b, channels, n, size), shared}, epilogue, n, size, lead, length, magic, shift, unit};
  }
  // A piece that does not lie in one span whole, from element `begin` of all; at either end it is written in parts.
  __device__ void across(i64 begin) const {
    const bool whole = begin >= 0 && begin + width <= batch * length;
    Piece<T> piece = all<T, width>(0);
#pragma unroll 1
    for (i64 e = begin; e < begin + width; ++e) {
      if (e < 0 || e >= batch * length) continue;
      const i64 b = divide(e, length);
      const T value = sample<false>(b, nullptr).element(e - b * length);
      if (!whole) store<T, 1>(out + e, single(value));
#pragma unroll
      for (int k = 0; k + 1 < width; ++k) piece[k] = piece[k + 1];
      piece[width - 1] = value;
    }
    if (whole) store_streaming<T, width>(out + begin, piece);
  }
};

// Grid (chunks, B): block (c, b) writes chunk c, of `chunk` pieces, of those in the sectors that begin in sample b, the
// first one's in front of it included. Sectors are those of memory, so that every whole piece is one aligned store.
template <typename T, bool staged, typename Epilogue>
__global__ void __launch_bounds__(kFlatThreads)
    flat(const T* __restrict__ x, const i64* __restrict__ index, const Acc<T>* alpha, const Acc<T>* weight,
         const Acc<T>* bias, T* __restrict__ out, i64 batch, i64 channels, i64 n, i64 size, i64 chunk, i64 magic,
         i64 shift, i64 unit) {
  OPBENCH_SHARED(memory);
  T* shared = reinterpret_cast<T*>(memory);
  constexpr int width = kPieceBytes / sizeof(T), sector = kSectorBytes / sizeof(T), pieces = sector / width;
  const i64 lead = Epilogue::copies ? channels * size : 0, length = lead + pair_count(n) * size;
  const i64 skew = static_cast<i64>(reinterpret_cast<unsigned long long>(out) % kSectorBytes / sizeof(T));
  const Output<T, Epilogue> output{x,    index, Epilogue(alpha, weight, bias), out,
                                   batch, channels, n, size, lead, length, static_cast<unsigned>(magic),
                                   static_cast<int>(shift), static_cast<int>(unit)};
  for (i64 b = blockIdx.y; b < batch; b += gridDim.y) {
    const auto span = output.template sample<staged>(b, shared);
    if (staged) {
      __syncthreads();  // the sample before is done with
      stage(span.z.z, shared, static_cast<unsigned>(n * size), static_cast<unsigned>(size), span.magic, span.shift,
            span.unit);
      __syncthreads();
    }
    const i64 first = b == 0 ? 0 : divide(b * length + skew + sector - 1, sector) * pieces;
    const i64 end = divide((b + 1) * length + skew + sector - 1, sector) * pieces;
    const i64 from = first + blockIdx.x * chunk, to = from + chunk < end ? from + chunk : end;
    for (i64 piece = from + threadIdx.x; piece < to; piece += blockDim.x) {
      const i64 begin = piece * width - skew, own = begin - b * length;
      if (own >= 0 && own + width <= length) {
        store_streaming<T, width>(out + begin, span.whole(own));
      } else {
        output.across(begin);
      }
    }
  }
}

}  // namespace opbench
