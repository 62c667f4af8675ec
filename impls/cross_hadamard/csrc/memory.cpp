#include "memory.h"

#include <unistd.h>

#include <fstream>

namespace opbench {

// Linux tells; glibc's sysconf adds up the caches of the whole socket on some machines (256 MiB where a core reaches
// 32), so it is only asked second.
int64_t last_level_cache_bytes() {
  static const int64_t bytes = [] {
    int64_t kib = 0;
    if (std::ifstream("/sys/devices/system/cpu/cpu0/cache/index3/size") >> kib && kib > 0) return kib << 10;
    const long found = sysconf(_SC_LEVEL3_CACHE_SIZE);
    return found > 0 ? static_cast<int64_t>(found) : int64_t{32} << 20;
  }();
  return bytes;
}

}  // namespace opbench
