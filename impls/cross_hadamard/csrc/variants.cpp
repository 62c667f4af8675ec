// Which variant of the kernels runs here. Which were compiled is said by OPBENCH_HAS_NAME.
#include <atomic>

#include "cpu.h"

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
#if defined(OPBENCH_HAS_AVX512_HALF)
#define OPBENCH_AVX512_HALF OPBENCH_EACH(avx512_half)
#else
#define OPBENCH_AVX512_HALF
#endif
// All of them, the narrowest first.
#define OPBENCH_VARIANTS OPBENCH_NATIVE OPBENCH_AVX2 OPBENCH_AVX512 OPBENCH_AVX512_HALF

namespace opbench {

#define OPBENCH_EACH(name)       \
  namespace name {               \
  extern const Variant kVariant; \
  }
OPBENCH_VARIANTS
#undef OPBENCH_EACH

namespace {

#if defined(__x86_64__)

// Whether bit `bit` of register `which` (0 to 3: a to d) of CPUID's leaf 7 is set.
bool leaf7(uint32_t subleaf, int which, int bit) {
  uint32_t a = 7, b = 0, c = subleaf, d = 0;
  __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  const uint32_t registers[] = {a, b, c, d};
  return (registers[which] >> bit & 1) != 0;
}

bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

// Whether the processor, and the system that must save the registers, has what a variant is compiled for. Compilers older
// than an instruction do not know its name, so the newest two are asked of the processor itself.
bool runs_here(const std::string& name) {
  if (name == "avx2") return has_avx2();
  if (name == "avx512") return has_avx512();
  if (name == "avx512_half") return has_avx512() && leaf7(0, 3, 23) && leaf7(1, 0, 5);  // FP16 and BF16
  return true;  // compiled for this very machine
}

#else

bool runs_here(const std::string&) { return true; }

#endif

std::vector<const Variant*> usable() {
  std::vector<const Variant*> found;
#define OPBENCH_EACH(name) \
  if (runs_here(#name)) found.push_back(&name::kVariant);
  OPBENCH_VARIANTS
#undef OPBENCH_EACH
  return found;
}

std::atomic<const Variant*>& chosen() {
  static std::atomic<const Variant*> one{usable().back()};
  return one;
}

}  // namespace

const Variant& variant() { return *chosen().load(std::memory_order_relaxed); }

std::vector<std::string> variants() {
  std::vector<std::string> names;
  for (const Variant* one : usable()) names.emplace_back(one->name);
  return names;
}

bool use_variant(const std::string& name) {
  for (const Variant* one : usable()) {
    if (one->name == name) {
      chosen() = one;
      return true;
    }
  }
  if (!name.empty()) return false;
  chosen() = usable().back();
  return true;
}

StreamFrom& stream_from() {
  static StreamFrom sizes{int64_t{16} << 20, int64_t{32} << 20};
  return sizes;
}

}  // namespace opbench
