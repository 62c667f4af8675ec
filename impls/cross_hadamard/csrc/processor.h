// What vector instructions this processor has, for libraries that hold kernels for several.
#pragma once

#include <cstdint>
#include <string>

namespace opbench {

#if defined(__x86_64__)

// Whether bit `bit` of register `which` (0 to 3: a to d) of CPUID's leaf 7 is set.
inline bool leaf7(uint32_t subleaf, int which, int bit) {
  uint32_t a = 7, b = 0, c = subleaf, d = 0;
  __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  const uint32_t registers[] = {a, b, c, d};
  return (registers[which] >> bit & 1) != 0;
}

inline bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

inline bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

// Whether the processor, and the system that must save the registers, has what a variant is compiled for. Compilers older
// than an instruction do not know its name, so the newest two are asked of the processor itself.
inline bool runs_here(const std::string& name) {
  if (name == "avx2") return has_avx2();
  if (name == "avx512") return has_avx512();
  if (name == "avx512_half") return has_avx512() && leaf7(0, 3, 23) && leaf7(1, 0, 5);  // FP16 and BF16
  return true;  // compiled for this very machine
}

#else

inline bool runs_here(const std::string&) { return true; }

#endif

}  // namespace opbench
