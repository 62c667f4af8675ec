// Which variant of the kernels runs here. Which were compiled is said by OPBENCH_HAS_NAME.
#include <atomic>

#include "../../cross_hadamard/csrc/processor.h"
#include "kernels.h"

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

namespace opbench_hadamard {

#define OPBENCH_EACH(name)       \
  namespace name {               \
  extern const Variant kVariant; \
  }
OPBENCH_VARIANTS
#undef OPBENCH_EACH

namespace {

std::vector<const Variant*> usable() {
  std::vector<const Variant*> found;
#define OPBENCH_EACH(name) \
  if (opbench::runs_here(#name)) found.push_back(&name::kVariant);
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

}  // namespace opbench_hadamard
