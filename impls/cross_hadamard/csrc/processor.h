// Which vector instructions this processor has. Which variants of kernels were compiled is said by OPBENCH_HAS_NAME.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#if defined(OPBENCH_HAS_NATIVE)
#define OPBENCH_NATIVE OPBENCH_EACH(native)
#else
#define OPBENCH_NATIVE
#endif
#if defined(OPBENCH_HAS_AVX2)
#define OPBENCH_AVX2 OPBENCH_EACH(avx2)
#else
#define OPBENCH_AVX2
#endif
#if defined(OPBENCH_HAS_AVX512)
#define OPBENCH_AVX512 OPBENCH_EACH(avx512)
#else
#define OPBENCH_AVX512
#endif
#if defined(OPBENCH_HAS_AVX512_BF16)
#define OPBENCH_AVX512_BF16 OPBENCH_EACH(avx512_bf16)
#else
#define OPBENCH_AVX512_BF16
#endif
#if defined(OPBENCH_HAS_AVX512_HALF)
#define OPBENCH_AVX512_HALF OPBENCH_EACH(avx512_half)
#else
#define OPBENCH_AVX512_HALF
#endif
// All of them, the narrowest first: define OPBENCH_EACH(name), name this, and undefine it.
#define OPBENCH_VARIANTS OPBENCH_NATIVE OPBENCH_AVX2 OPBENCH_AVX512 OPBENCH_AVX512_BF16 OPBENCH_AVX512_HALF

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
  if (name == "avx512_bf16") return has_avx512() && leaf7(1, 0, 5);
  if (name == "avx512_half") return has_avx512() && leaf7(1, 0, 5) && leaf7(0, 3, 23);  // FP16 too
  return true;  // compiled for this very machine
}

#else

inline bool runs_here(const std::string&) { return true; }

#endif

// The compiled variants of a kernel that this processor can run, and the one in use: the widest, until told otherwise.
template <typename Variant>
class Choice {
 public:
  // By name, the narrowest first.
  explicit Choice(std::initializer_list<std::pair<const char*, const Variant*>> compiled) {
    for (const auto& each : compiled) {
      if (runs_here(each.first)) usable_.emplace_back(each);
    }
    use("");
  }

  const Variant& used() const { return *used_.load(std::memory_order_relaxed); }

  std::string name() const {
    for (const auto& each : usable_) {
      if (each.second == used_) return each.first;
    }
    return "";
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& each : usable_) names.push_back(each.first);
    return names;
  }

  // Takes the one of that name from now on, "" for the widest; false where `names` has no such name.
  bool use(const std::string& name) {
    for (const auto& each : usable_) {
      if (name.empty() || each.first == name) used_ = each.second;
      if (each.first == name) return true;
    }
    return name.empty();
  }

 private:
  std::vector<std::pair<std::string, const Variant*>> usable_;
  std::atomic<const Variant*> used_{nullptr};
};

}  // namespace opbench
