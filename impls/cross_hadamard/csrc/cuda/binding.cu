// The operators of namespace opbench_cuda: the kernels on torch's current stream of the tensors' device.
//
// c10's stream and guard, not <ATen/cuda/CUDAContext.h>: that one also wants the headers of cuBLAS, cuSOLVER and
// cuSPARSE.
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include <array>
#include <mutex>

#include "tensors.h"

namespace opbench {
namespace {

constexpr int64_t kSharedWithoutAsking = 48 << 10;
constexpr int kDevices = 64;

// What the plans need of a device, asked for once.
Device device_facts(c10::DeviceIndex index) {
  static std::array<std::once_flag, kDevices> asked;
  static std::array<Device, kDevices> facts;
  std::call_once(asked.at(index), [index] {
    int multiprocessors = 0, shared = 0;
    C10_CUDA_CHECK(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, index));
    C10_CUDA_CHECK(cudaDeviceGetAttribute(&shared, cudaDevAttrMaxSharedMemoryPerBlockOptin, index));
    facts.at(index) = {multiprocessors, shared};
  });
  return facts.at(index);
}

class Stream {
 public:
  explicit Stream(const Tensor& x)
      : guard_(x.device()), stream_(c10::cuda::getCurrentCUDAStream()), device_(device_facts(x.device().index())) {}

  const Device& device() const { return device_; }

  template <typename... Parameters, typename... Arguments>
  void launch(const Plan& plan, void (*kernel)(Parameters...), Arguments... arguments) {
    if (plan.shared > kSharedWithoutAsking) {
      C10_CUDA_CHECK(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                          cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(plan.shared)));
    }
    const dim3 grid(plan.grid[0], plan.grid[1], plan.grid[2]), block(plan.block[0], plan.block[1], plan.block[2]);
    kernel<<<grid, block, static_cast<size_t>(plan.shared), stream_>>>(static_cast<Parameters>(arguments)...);
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  }

 private:
  c10::cuda::CUDAGuard guard_;
  cudaStream_t stream_;
  Device device_;
};

void forward_op(const Tensor& x, const std::optional<Tensor>& index, Tensor out, c10::string_view schedule) {
  Stream stream(x);
  forward_into(stream, x, index, out, std::string(schedule));
}

void backward_op(const Tensor& grad, const Tensor& x, const std::optional<Tensor>& index, Tensor grad_x) {
  Stream stream(x);
  backward_into(stream, grad, x, index, grad_x);
}

void expand_op(const Tensor& x, const Tensor& index, const Tensor& alpha, const Tensor& weight, const Tensor& bias,
               c10::string_view norm, Tensor out, c10::string_view schedule) {
  Stream stream(x);
  expand_into(stream, x, index, alpha, weight, bias, std::string(norm), out, std::string(schedule));
}

Tensor expand_backward_op(const Tensor& grad, const Tensor& x, const Tensor& index, const Tensor& alpha,
                          const Tensor& weight, const Tensor& bias, c10::string_view norm, Tensor grad_x) {
  Stream stream(x);
  return expand_backward_into(stream, grad, x, index, alpha, weight, bias, std::string(norm), grad_x,
                              [](const Tensor&) { return 0; });
}

}  // namespace

TORCH_LIBRARY(opbench_cuda, library) {
  library.def("forward(Tensor x, Tensor? index, Tensor(a!) out, str schedule) -> ()");
  library.def("backward(Tensor grad, Tensor x, Tensor? index, Tensor(a!) grad_x) -> ()");
  library.def(
      "expand(Tensor x, Tensor index, Tensor alpha, Tensor weight, Tensor bias, str norm, Tensor(a!) out, "
      "str schedule) -> ()");
  library.def(
      "expand_backward(Tensor grad, Tensor x, Tensor index, Tensor alpha, Tensor weight, Tensor bias, str norm, "
      "Tensor(a!) grad_x) -> Tensor");
}
TORCH_LIBRARY_IMPL(opbench_cuda, CUDA, library) {
  library.impl("forward", forward_op);
  library.impl("backward", backward_op);
  library.impl("expand", expand_op);
  library.impl("expand_backward", expand_backward_op);
}

}  // namespace opbench
