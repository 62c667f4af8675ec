// One variant: the transform for the instructions that this file is compiled for. OPBENCH_VARIANT is its name;
// OPBENCH_VARIANT_BELOW, if given, is the variant whose kernels of float and double are as good as its own would be.
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
#if !defined(OPBENCH_VARIANT_BELOW)
const Transform<float> of_float = on_openmp<float>;
const Transform<double> of_double = on_openmp<double>;
#endif
const Transform<Half> of_half = on_openmp<Half>;
const Transform<BFloat16> of_bfloat16 = on_openmp<BFloat16>;

}  // namespace OPBENCH_VARIANT

#if defined(OPBENCH_VARIANT_BELOW)
namespace OPBENCH_VARIANT_BELOW {
extern const Transform<float> of_float;
extern const Transform<double> of_double;
}  // namespace OPBENCH_VARIANT_BELOW
namespace below = OPBENCH_VARIANT_BELOW;
#else
namespace below = OPBENCH_VARIANT;
#endif

namespace OPBENCH_VARIANT {

extern const Variant kVariant;
const Variant kVariant{&below::of_float, &below::of_double, &of_half, &of_bfloat16};

}  // namespace OPBENCH_VARIANT
}  // namespace opbench_hadamard
