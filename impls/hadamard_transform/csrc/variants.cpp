// Which variant of the kernels runs here. Which were compiled is said by OPBENCH_HAS_NAME.
#include <atomic>

#include "../../cross_hadamard/csrc/processor.h"
#include "kernels.h"

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
