// Which variant makes layers. Which were compiled is said by OPBENCH_HAS_NAME.
#include "factory.h"

#include "../../cross_hadamard/csrc/processor.h"

namespace opbench {

#define OPBENCH_EACH(name)                       \
  namespace name {                               \
  extern const bottlenecks::Factory kFactory;    \
  }
OPBENCH_VARIANTS
#undef OPBENCH_EACH

namespace bottlenecks {

namespace {

Choice<Factory>& choice() {
#define OPBENCH_EACH(name) {#name, &name::kFactory},
  static Choice<Factory> variants{OPBENCH_VARIANTS};
#undef OPBENCH_EACH
  return variants;
}

}  // namespace

const Factory& factory() { return choice().used(); }
std::vector<std::string> usable_vectors() { return choice().names(); }
bool use_vectors(const std::string& name) { return choice().use(name); }

}  // namespace bottlenecks
}  // namespace opbench
