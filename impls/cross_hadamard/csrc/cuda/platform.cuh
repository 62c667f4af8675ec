// Who compiles: nvcc (the torch extension), NVRTC (CuPy), or a host compiler behind the launch shim, which defines
// OPBENCH_ON_HOST. NVRTC has no host headers, so nothing here or after may include one.
#pragma once

#if defined(OPBENCH_ON_HOST)
#include "../host/shim.h"
#else
#include <cuda_bf16.h>
#include <cuda_fp16.h>
// The shared memory whose size the launch gives. One name and type for all kernels: C++ allows no second one.
#define OPBENCH_SHARED(name) extern __shared__ __align__(16) unsigned char name[]
// A plain store, checked under the shim. Not __stwb, which sm_90 makes a store with memory order (STG.STRONG.SM).
#define OPBENCH_STORE(to, value) (*(to) = (value))
#endif

namespace opbench {

typedef long long i64;  // NVRTC has no int64_t; torch's is as wide

}  // namespace opbench
