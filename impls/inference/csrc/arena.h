// Memory for weights: side by side in large pages, because a network reads all of them at every run and a processor does not
// know so many small pages by heart. us of whole networks, one thread of an EPYC 9004 VM, without and with it, turn by turn:
// S 2470, 2375; M 6496, 6253; L 13594, 13216.
#pragma once

#include <cstddef>

namespace opbench::bottlenecks {

// So many bytes of zeros on a cache line's start, to be given back. Throws std::bad_alloc.
void* take(size_t bytes);
void give_back(void* taken) noexcept;

}  // namespace opbench::bottlenecks
