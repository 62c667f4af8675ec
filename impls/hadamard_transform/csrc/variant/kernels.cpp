// One variant: the transform for the instructions that this file is compiled for. OPBENCH_VARIANT is its name;
// OPBENCH_VARIANT_BELOW, if given, is the variant whose kernels of the types that have no instructions of their own here
// are as good as this one's would be.
#include "../../../cross_hadamard/csrc/variant/openmp.h"
#include "../kernels.h"
#include "transform.h"

namespace opbench_hadamard {

namespace OPBENCH_VARIANT {

template <typename T>
void on_openmp(const Arguments<T>& arguments, const Shape& shape) {
  opbench::OPBENCH_VARIANT::transform(opbench::OPBENCH_VARIANT::OpenMp(), arguments, shape);
}

extern const Transform<float> of_float;
extern const Transform<double> of_double;
extern const Transform<Half> of_half;
#if !defined(OPBENCH_VARIANT_BELOW)
const Transform<float> of_float = on_openmp<float>;
const Transform<double> of_double = on_openmp<double>;
#endif
#if defined(OPBENCH_OWN_HALF)
const Transform<Half> of_half = on_openmp<Half>;
#endif
const Transform<BFloat16> of_bfloat16 = on_openmp<BFloat16>;

}  // namespace OPBENCH_VARIANT

#if defined(OPBENCH_VARIANT_BELOW)
namespace OPBENCH_VARIANT_BELOW {
extern const Transform<float> of_float;
extern const Transform<double> of_double;
extern const Transform<Half> of_half;
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

extern const Variant kVariant;
const Variant kVariant{&below::of_float, &below::of_double, &half::of_half, &of_bfloat16};

}  // namespace OPBENCH_VARIANT
}  // namespace opbench_hadamard
