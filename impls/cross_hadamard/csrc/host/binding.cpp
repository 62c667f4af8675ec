// The operators of namespace opbench_host: the CUDA kernels on CPU tensors, behind the launch shim. Slow by nature and
// never to be timed; what it is for is that every kernel runs, and is checked, on a machine without a GPU.
#include <torch/library.h>

#define OPBENCH_ON_HOST
#include "../cuda/tensors.h"
#include "selftest.h"

namespace opbench {
namespace {

Device pretended;  // whose limits the plans are made for

class Simulated {
 public:
  const Device& device() const { return pretended; }

  template <typename... Parameters, typename... Arguments>
  void launch(const Plan& plan, void (*kernel)(Parameters...), Arguments... arguments) {
    host::run_grid(plan.grid, plan.block, static_cast<size_t>(plan.shared), [&] { kernel(arguments...); });
  }
};

host::Buffer readable(const Tensor& tensor) { return {tensor.const_data_ptr(), tensor.nbytes(), false}; }
host::Buffer readable(const std::optional<Tensor>& tensor) {
  return tensor.has_value() ? readable(*tensor) : host::Buffer{nullptr, 0, false};
}
host::Buffer writable(const Tensor& tensor) { return {tensor.const_data_ptr(), tensor.nbytes(), true}; }

void forward_op(const Tensor& x, const std::optional<Tensor>& index, Tensor out, c10::string_view schedule) {
  Simulated machine;
  const host::Buffers buffers{readable(x), readable(index), writable(out)};
  forward_into(machine, x, index, out, std::string(schedule));
}

void backward_op(const Tensor& grad, const Tensor& x, const std::optional<Tensor>& index, Tensor grad_x) {
  Simulated machine;
  const host::Buffers buffers{readable(grad), readable(x), readable(index), writable(grad_x)};
  backward_into(machine, grad, x, index, grad_x);
}

void expand_op(const Tensor& x, const Tensor& index, const Tensor& alpha, const Tensor& weight, const Tensor& bias,
               c10::string_view norm, Tensor out, c10::string_view schedule) {
  Simulated machine;
  const host::Buffers buffers{readable(x),      readable(index), readable(alpha),
                              readable(weight), readable(bias),  writable(out)};
  expand_into(machine, x, index, alpha, weight, bias, std::string(norm), out, std::string(schedule));
}

Tensor expand_backward_op(const Tensor& grad, const Tensor& x, const Tensor& index, const Tensor& alpha,
                          const Tensor& weight, const Tensor& bias, c10::string_view norm, Tensor grad_x) {
  Simulated machine;
  return expand_backward_into(machine, grad, x, index, alpha, weight, bias, std::string(norm), grad_x,
                              [&](const Tensor& sums) {
                                return std::make_unique<host::Buffers>(std::initializer_list<host::Buffer>{
                                    readable(grad), readable(x), readable(index), readable(alpha), readable(weight),
                                    readable(bias), writable(grad_x), writable(sums)});
                              });
}

// What launch.h plans, as [grid 3, block 3, shared, vector, tile, group, chunk, magic, shift].
std::vector<int64_t> plan_op(c10::string_view operation, at::IntArrayRef sizes) {
  TORCH_CHECK_VALUE(sizes.size() == 8, "sizes has ", sizes.size(),
                    " values; expected batch, channels, n, height, width, itemsize, alignment, lead");
  const Problem problem{sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5], sizes[6], sizes[7]};
  const auto made = [&]() -> Plan {
    if (operation == "direct") return plans::direct(problem);
    if (operation == "balanced") return plans::balanced(problem);
    if (operation == "blocked") return plans::blocked(problem, pretended);
    if (operation == "flat") return plans::flat(problem, pretended);
    if (operation == "backward") return plans::backward(problem, pretended);
    TORCH_CHECK_VALUE(false, "no plan for '", operation, "'; there are direct, balanced, blocked, flat, backward");
  }();
  return {made.grid[0],  made.grid[1], made.grid[2], made.block[0], made.block[1], made.block[2], made.shared,
          made.vector,   made.tile,    made.group,   made.chunk,    made.magic,    made.shift};
}

void pretend_op(int64_t multiprocessors, int64_t shared_bytes) { pretended = {multiprocessors, shared_bytes}; }

}  // namespace

TORCH_LIBRARY(opbench_host, library) {
  library.def("forward(Tensor x, Tensor? index, Tensor(a!) out, str schedule) -> ()");
  library.def("backward(Tensor grad, Tensor x, Tensor? index, Tensor(a!) grad_x) -> ()");
  library.def(
      "expand(Tensor x, Tensor index, Tensor alpha, Tensor weight, Tensor bias, str norm, Tensor(a!) out, "
      "str schedule) -> ()");
  library.def(
      "expand_backward(Tensor grad, Tensor x, Tensor index, Tensor alpha, Tensor weight, Tensor bias, str norm, "
      "Tensor(a!) grad_x) -> Tensor");
  library.def("plan(str operation, int[] sizes) -> int[]", plan_op);
  library.def("pretend(int multiprocessors, int shared_bytes) -> ()", pretend_op);
  library.def("selftest(str name, Tensor data) -> Tensor", host::selftest);
}
TORCH_LIBRARY_IMPL(opbench_host, CPU, library) {
  library.impl("forward", forward_op);
  library.impl("backward", backward_op);
  library.impl("expand", expand_op);
  library.impl("expand_backward", expand_backward_op);
}

}  // namespace opbench
