// One variant: all kernels for the instructions that this file is compiled for. OPBENCH_VARIANT is its name;
// OPBENCH_VARIANT_BELOW, if given, is the variant whose kernels of float and double are as good as its own would be.
#include "fill.h"
#include "gradients.h"
#include "schedules.h"
#include "selection.h"

namespace opbench {

namespace OPBENCH_VARIANT {

template <typename T>
constexpr Kernels<T> kKernels{multiply<T>, multiply_backward<T>,     expand<T>, select_expand<T>,
                              expand_backward<T>, own_schedule<T>, fill<T>};

extern const Kernels<float> of_float;
extern const Kernels<double> of_double;
#if !defined(OPBENCH_VARIANT_BELOW)
const Kernels<float> of_float = kKernels<float>;
const Kernels<double> of_double = kKernels<double>;
#endif

}  // namespace OPBENCH_VARIANT

#if defined(OPBENCH_VARIANT_BELOW)
namespace OPBENCH_VARIANT_BELOW {
extern const Kernels<float> of_float;
extern const Kernels<double> of_double;
}  // namespace OPBENCH_VARIANT_BELOW
namespace below = OPBENCH_VARIANT_BELOW;
#else
namespace below = OPBENCH_VARIANT;
#endif

namespace OPBENCH_VARIANT {

#define OPBENCH_TEXT(name) #name
#define OPBENCH_NAME(name) OPBENCH_TEXT(name)
extern const Variant kVariant;
const Variant kVariant{OPBENCH_NAME(OPBENCH_VARIANT), &below::of_float, &below::of_double, &kKernels<Half>,
                       &kKernels<BFloat16>};

}  // namespace OPBENCH_VARIANT
}  // namespace opbench
