// One variant: all kernels for the instructions that this file is compiled for. OPBENCH_VARIANT is its name;
// OPBENCH_VARIANT_BELOW, if given, is the variant whose kernels of the types that have no instructions of their own here
// are as good as this one's would be.
#include "../cpu.h"
#include "../cpu/fill.h"
#include "../cpu/schedules.h"
#include "../cpu/selection.h"
#include "../highest.h"
#include "gradients.h"
#include "openmp.h"

#include <utility>

namespace opbench {

namespace OPBENCH_VARIANT {

// Channels ranked as by PyTorch's own steps: means and scores rounded to T, and the order of at::topk.
template <typename T>
struct RankedAsInPyTorch {
  using Score = T;
  static void highest(const std::vector<double>& scores, int64_t k, int64_t* index) {
    opbench::highest(scores, k, index);
  }
};

template <typename T>
constexpr Kernels<T> kKernels{OnOpenMp<multiply<OpenMp, T>>::run,
                              OnOpenMp<multiply_backward<OpenMp, T>>::run,
                              OnOpenMp<expand<OpenMp, T>>::run,
                              OnOpenMp<select_expand<RankedAsInPyTorch<T>, OpenMp, T>>::run,
                              OnOpenMp<expand_backward<OpenMp, T>>::run,
                              own_schedule<T>,
                              OnOpenMp<fill<OpenMp, T>>::run};

extern const Kernels<float> of_float;
extern const Kernels<double> of_double;
extern const Kernels<Half> of_half;
#if !defined(OPBENCH_VARIANT_BELOW)
const Kernels<float> of_float = kKernels<float>;
const Kernels<double> of_double = kKernels<double>;
#endif
#if defined(OPBENCH_OWN_HALF)
const Kernels<Half> of_half = kKernels<Half>;
#endif

}  // namespace OPBENCH_VARIANT

#if defined(OPBENCH_VARIANT_BELOW)
namespace OPBENCH_VARIANT_BELOW {
extern const Kernels<float> of_float;
extern const Kernels<double> of_double;
extern const Kernels<Half> of_half;
extern const Variant kVariant;
}  // namespace OPBENCH_VARIANT_BELOW
namespace below = OPBENCH_VARIANT_BELOW;
#else
namespace below = OPBENCH_VARIANT;
#endif
#if defined(OPBENCH_OWN_HALF)
namespace half = OPBENCH_VARIANT;
#else
namespace half = below;
#endif

namespace OPBENCH_VARIANT {

inline bool stripe_small_maps(bool stripes) {
#if defined(OPBENCH_VARIANT_BELOW)
  below::kVariant.stripe_small_maps(stripes);
#endif
  return std::exchange(small_maps_in_stripes(), stripes);
}

extern const Variant kVariant;
const Variant kVariant{&below::of_float, &below::of_double, &half::of_half, &kKernels<BFloat16>, stripe_small_maps};

}  // namespace OPBENCH_VARIANT
}  // namespace opbench
