// Which variant of the kernels runs here. Which were compiled is said by OPBENCH_HAS_NAME.
#include "variants.h"

namespace opbench {

#define OPBENCH_EACH(name)       \
  namespace name {               \
  extern const Variant kVariant; \
  }
OPBENCH_VARIANTS
#undef OPBENCH_EACH

Choice<Variant>& choice() {
#define OPBENCH_EACH(name) {#name, &name::kVariant},
  static Choice<Variant> variants{OPBENCH_VARIANTS};
#undef OPBENCH_EACH
  return variants;
}

const Variant& variant() { return choice().used(); }

StreamFrom& stream_from() {
  static StreamFrom sizes{int64_t{16} << 20, int64_t{32} << 20};
  return sizes;
}

}  // namespace opbench
