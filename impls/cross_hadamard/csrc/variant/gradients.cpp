#include "gradients.h"

#include "../cpu/backward.h"
#include "../cpu/expand_backward.h"
#include "openmp.h"

namespace opbench::OPBENCH_VARIANT {

#define OPBENCH_INSTANTIATE(T)                                                                                     \
  template void multiply_backward(const OpenMp&, const T*, const T*, const int64_t*, T*, const Sizes&);            \
  template void expand_backward(const OpenMp&, const T*, const T*, const int64_t*, const Normaliser<T>&, T*,       \
                                double*, double*, double*, const Sizes&);
#if !defined(OPBENCH_VARIANT_BELOW)
OPBENCH_INSTANTIATE(float)
OPBENCH_INSTANTIATE(double)
#endif
#if defined(OPBENCH_OWN_HALF)
OPBENCH_INSTANTIATE(Half)
#endif
OPBENCH_INSTANTIATE(BFloat16)
#undef OPBENCH_INSTANTIATE

}  // namespace opbench::OPBENCH_VARIANT
