// Ours for small and odd maps (7x7, 14x14). One sample's output is one contiguous span, and threads own consecutive
// 16-byte pieces of it whatever H*W is; a piece may hold the end of one map and the start of the next.
//
// `staged` copies the sample's channels into shared memory first; else they are read through the L1 cache.
#pragma once

#include "channels.cuh"
#include "epilogues.cuh"
#include "index.cuh"

namespace opbench {

constexpr int kFlatThreads = 256;
constexpr int kPieceBytes = 16;

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
  __device__ T at(const T* map, i64 s) const {
    if (staged) return map[s];
    return map ? load_one(map + s) : not_a_number<T>();
  }
};

// The sample's n maps, gathered into shared memory.
template <typename T>
__device__ inline void stage(const Channels<T>& z, T* shared, unsigned count, unsigned size, unsigned magic,
                             int shift) {
  constexpr unsigned width = kPieceBytes / sizeof(T);
  if (!z.selected() && count % width == 0 && reinterpret_cast<unsigned long long>(z.sample()) % kPieceBytes == 0) {
    for (unsigned at = threadIdx.x * width; at < count; at += blockDim.x * width) {
      *reinterpret_cast<Vec<T, width>*>(shared + at) = load<T, width>(z.sample() + at);
    }
    return;
  }
  for (unsigned at = threadIdx.x; at < count; at += blockDim.x) {
    const unsigned j = divide_by(at, magic, shift);
    const T* map = z.map(j);
    shared[at] = map ? load_one(map + (at - j * size)) : not_a_number<T>();
  }
}

__device__ inline Cursor locate(i64 element, i64 n, i64 size, unsigned magic, int shift) {
  const i64 p = (element >> 31) == 0 ? divide_by(static_cast<unsigned>(element), magic, shift) : element / size;
  const Pair pair = pair_of(p, n);
  return {p, pair.i, pair.j, static_cast<int>(element - p * size)};
}

// The lane's turn in a quad of 4-byte words. Lanes own 16 consecutive bytes each, so lanes 8 apart would ask the same
// bank of shared memory for the same word of their piece; starting each group of 8 at another word, they do not.
__device__ inline int first_word() { return (threadIdx.x / 8) % 4; }

__device__ inline uint4 turn_back(uint4 words, int by) {
  if (by & 1) words = make_uint4(words.w, words.x, words.y, words.z);
  if (by & 2) words = make_uint4(words.z, words.w, words.x, words.y);
  return words;
}

// A whole piece within one map, or over the border to the next map of the same first channel.
template <typename T, bool staged, typename Epilogue>
__device__ inline Vec<T, kPieceBytes / sizeof(T)> two_maps(const Factors<T, staged>& z, const Epilogue& epilogue,
                                                            const Cursor& at, i64 size) {
  constexpr int width = kPieceBytes / sizeof(T), per_word = sizeof(T) < 4 ? 4 / sizeof(T) : 1;
  constexpr bool turned = staged && sizeof(T) <= 4;
  const int border = static_cast<int>(size) - at.s, turn = turned ? first_word() : 0;
  const bool crosses = border < width;
  const T* first = z.map(at.i, size);
  const T* second = z.map(at.j, size);
  const T* next = crosses ? z.map(at.j + 1, size) : second;
  const auto pair = epilogue.of(at.p), next_pair = crosses ? epilogue.of(at.p + 1) : pair;
  Vec<T, width> piece;
#pragma unroll
  for (int step = 0; step < width; ++step) {
    const int k = turned ? ((step / per_word + turn) % 4) * per_word + step % per_word : step;
    const bool over = k >= border;
    const int s = over ? k - border : at.s + k;
    piece[step] = epilogue.template operator()<1>(single(z.at(first, s)), single(z.at(over ? next : second, s)),
                                                  over ? next_pair : pair)[0];
  }
  if constexpr (turned) piece.bits = turn_back(piece.bits, turn);
  return piece;
}

// The span of one sample's output: `lead` copied elements, then the products.
template <typename T, bool staged, typename Epilogue>
struct Span {
  Factors<T, staged> z;
  Epilogue epilogue;
  i64 n, size, lead, length;
  unsigned magic;
  int shift;

  __device__ T product(const Cursor& at) const {
    return epilogue.template operator()<1>(single(z.at(z.map(at.i, size), at.s)), single(z.at(z.map(at.j, size), at.s)),
                                           epilogue.of(at.p))[0];
  }
  __device__ T element(i64 e) const {
    return e < lead ? load_one(z.z.sample() + e) : product(locate(e - lead, n, size, magic, shift));
  }
  // A piece that does not lie in the span whole.
  __device__ void edge(T* out, i64 begin, i64 end) const {
    for (i64 e = begin < 0 ? 0 : begin; e < end && e < length; ++e) store<T, 1>(out + e, single(element(e)));
  }
  __device__ Vec<T, kPieceBytes / sizeof(T)> whole(i64 begin) const {
    constexpr int width = kPieceBytes / sizeof(T);
    Vec<T, width> piece;
    if (begin >= lead) {
      Cursor at = locate(begin - lead, n, size, magic, shift);
      if (at.s + width <= size || (size >= width && at.j + 1 < n)) return two_maps(z, epilogue, at, size);
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

// Grid (chunks, B): block (c, b) writes pieces [c * chunk, (c + 1) * chunk) of sample b. Pieces are counted from the
// 16-byte line its first element lies in, so that every whole piece is one aligned store.
template <typename T, bool staged, typename Epilogue>
__global__ void __launch_bounds__(kFlatThreads)
    flat(const T* __restrict__ x, const i64* __restrict__ index, const Acc<T>* alpha, const Acc<T>* weight,
         const Acc<T>* bias, T* __restrict__ out, i64 batch, i64 channels, i64 n, i64 size, i64 chunk, i64 magic,
         i64 shift) {
  OPBENCH_SHARED(memory);
  T* shared = reinterpret_cast<T*>(memory);
  constexpr int width = kPieceBytes / sizeof(T);
  const i64 lead = Epilogue::copies ? channels * size : 0, length = lead + pair_count(n) * size;
  for (i64 b = blockIdx.y; b < batch; b += gridDim.y) {
    const Span<T, staged, Epilogue> span{{Channels<T>(x, index, b, channels, n, size), shared},
                                         Epilogue(alpha, weight, bias),
                                         n,
                                         size,
                                         lead,
                                         length,
                                         static_cast<unsigned>(magic),
                                         static_cast<int>(shift)};
    if (staged) {
      __syncthreads();  // the sample before is done with
      stage(span.z.z, shared, static_cast<unsigned>(n * size), static_cast<unsigned>(size), span.magic, span.shift);
      __syncthreads();
    }
    T* sample = out + b * length;
    const i64 skew = static_cast<i64>(reinterpret_cast<unsigned long long>(sample) % kPieceBytes / sizeof(T));
    const i64 pieces = (skew + length + width - 1) / width;
    const i64 stop = (blockIdx.x + 1) * chunk < pieces ? (blockIdx.x + 1) * chunk : pieces;
    for (i64 piece = blockIdx.x * chunk + threadIdx.x; piece < stop; piece += blockDim.x) {
      const i64 begin = piece * width - skew;
      if (begin >= 0 && begin + width <= length) {
        store_streaming<T, width>(sample + begin, span.whole(begin));
      } else {
        span.edge(sample, begin, begin + width);
      }
    }
  }
}

}  // namespace opbench
