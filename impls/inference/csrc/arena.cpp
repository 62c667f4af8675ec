#include "arena.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace opbench::bottlenecks {

namespace {

constexpr size_t kLine = 64, kPage = size_t{2} << 20;

constexpr size_t round_up(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

// Whole large pages, of which pieces are taken one behind the other; freed with its last piece.
struct Chunk {
  size_t size, used, pieces;
};

std::mutex changing;
Chunk* current = nullptr;  // where pieces are taken from; it stays when it has none

Chunk* fresh(size_t bytes) {
  const size_t size = round_up(bytes, kPage);
  void* const memory = std::aligned_alloc(kPage, size);
  if (memory == nullptr) throw std::bad_alloc();
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  madvise(memory, size, MADV_HUGEPAGE);  // a wish: where it is refused, pages are small
#endif
  return new (memory) Chunk{size, kLine, 0};
}

void drop(Chunk* chunk) noexcept {
  if (chunk == current) {
    chunk->used = kLine;
  } else {
    std::free(chunk);
  }
}

}  // namespace

void* take(size_t bytes) {
  const size_t needed = kLine + round_up(bytes, kLine);  // a line before it says which chunk it is of
  const std::lock_guard<std::mutex> lock(changing);
  if (current == nullptr || current->used + needed > current->size) {
    Chunk* const before = current;
    current = fresh(kLine + needed);
    if (before != nullptr && before->pieces == 0) std::free(before);
  }
  char* const piece = reinterpret_cast<char*>(current) + current->used;
  std::memcpy(piece, &current, sizeof(current));
  current->used += needed;
  ++current->pieces;
  return std::memset(piece + kLine, 0, bytes);
}

void give_back(void* taken) noexcept {
  if (taken == nullptr) return;
  Chunk* chunk = nullptr;
  std::memcpy(&chunk, static_cast<char*>(taken) - kLine, sizeof(chunk));
  const std::lock_guard<std::mutex> lock(changing);
  if (--chunk->pieces == 0) drop(chunk);
}

}  // namespace opbench::bottlenecks
