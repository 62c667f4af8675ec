// One variant: the kernels for the instructions that this file is compiled for. OPBENCH_VARIANT is its name.
#include "../../../cross_hadamard/csrc/variant/openmp.h"
#include "decode.h"
#include "overlaps.h"
#include "suppress.h"

namespace opbench::OPBENCH_VARIANT {

template <typename T>
constexpr BoxKernels<T> kKernels{OnOpenMp<overlaps<OpenMp, T>>::run, OnOpenMp<suppress<OpenMp, T>>::run,
                                 OnOpenMp<decode<OpenMp, T>>::run};

extern const BoxVariant kBoxes;
const BoxVariant kBoxes{kKernels<float>, kKernels<double>};

}  // namespace opbench::OPBENCH_VARIANT
