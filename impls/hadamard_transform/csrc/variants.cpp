// Which variant of the kernels runs here. Which were compiled is said by OPBENCH_HAS_NAME.
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

opbench::Choice<Variant>& choice() {
#define OPBENCH_EACH(name) {#name, &name::kVariant},
  static opbench::Choice<Variant> variants{OPBENCH_VARIANTS};
#undef OPBENCH_EACH
  return variants;
}

}  // namespace

const Variant& variant() { return choice().used(); }

std::vector<std::string> variants() { return choice().names(); }

bool use_variant(const std::string& name) { return choice().use(name); }

}  // namespace opbench_hadamard
