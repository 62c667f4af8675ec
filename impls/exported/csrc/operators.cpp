// The library: our operators as nodes of domain `opbench`, for the CPU provider of any ONNX Runtime from 1.16 on.
//
// A file that holds these nodes also holds functions of the same names, which a runtime without this library computes.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "kernels.h"
#include "network.h"

namespace opbench {
namespace {

// Of the runtime's interface: the first with errors from operators, and the first that lends its threads.
constexpr uint32_t kOldest = 16, kThreads = 17;

using Compute = void (*)(const Context&, const Settings&);

template <typename T>
constexpr ONNXTensorElementDataType kType = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
template <>
constexpr ONNXTensorElementDataType kType<float> = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
template <>
constexpr ONNXTensorElementDataType kType<Half> = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16;

constexpr ONNXTensorElementDataType kFloat = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
constexpr ONNXTensorElementDataType kInteger = ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64;

const OrtApi* api = nullptr;  // of the runtime that loaded this library
bool has_threads = false;

// One operator at one type of x. `optional`: of the inputs, the last may be absent.
struct Operator : OrtCustomOp {
  Operator(std::string name, std::vector<ONNXTensorElementDataType> inputs, Compute compute, bool optional, Norm norm);
  std::string name;
  std::vector<ONNXTensorElementDataType> inputs;
  Compute compute;
  bool optional;
  Norm norm;
};

struct Kernel {
  const Operator* op;
  Settings settings;
};

const Operator& self(const OrtCustomOp* op) { return *static_cast<const Operator*>(op); }

bool selects(const Operator& op) { return op.name.find("Select") != std::string::npos; }

OrtStatus* create(const OrtCustomOp* op, const OrtApi*, const OrtKernelInfo* info, void** kernel) {
  return guarded(*api, [&] {
    auto made = std::make_unique<Kernel>();
    made->op = &self(op);
    if (selects(self(op))) made->settings.k = integer(*api, info, "k");
    made->settings.norm = self(op).norm;
    made->settings.schedule = schedule_named(*api, word(*api, info, "schedule"));
    *kernel = made.release();
  });
}

OrtStatus* compute(void* kernel, OrtKernelContext* context) {
  const auto& one = *static_cast<const Kernel*>(kernel);
  return guarded(*api, [&] { one.op->compute({*api, context, has_threads}, one.settings); });
}

Operator::Operator(std::string name_, std::vector<ONNXTensorElementDataType> inputs_, Compute compute_, bool optional_,
                   Norm norm_)
    : OrtCustomOp{},
      name(std::move(name_)),
      inputs(std::move(inputs_)),
      compute(compute_),
      optional(optional_),
      norm(norm_) {
  version = kOldest;
  GetName = [](const OrtCustomOp* op) { return self(op).name.c_str(); };
  GetExecutionProviderType = [](const OrtCustomOp*) -> const char* { return nullptr; };
  GetInputTypeCount = [](const OrtCustomOp* op) { return self(op).inputs.size(); };
  GetInputType = [](const OrtCustomOp* op, size_t at) { return self(op).inputs[at]; };
  GetInputCharacteristic = [](const OrtCustomOp* op, size_t at) {
    return self(op).optional && at + 1 == self(op).inputs.size() ? INPUT_OUTPUT_OPTIONAL : INPUT_OUTPUT_REQUIRED;
  };
  GetInputMemoryType = [](const OrtCustomOp*, size_t) { return OrtMemTypeDefault; };
  GetOutputTypeCount = [](const OrtCustomOp*) -> size_t { return 1; };
  GetOutputType = [](const OrtCustomOp* op, size_t) { return self(op).inputs[0]; };
  GetOutputCharacteristic = [](const OrtCustomOp*, size_t) { return INPUT_OUTPUT_REQUIRED; };
  KernelDestroy = [](void* kernel) { delete static_cast<Kernel*>(kernel); };
  CreateKernelV2 = create;
  KernelComputeV2 = opbench::compute;
}

using Operators = std::vector<std::unique_ptr<Operator>>;

// What an operator's name ends with, by its normaliser.
const std::pair<const char*, Norm> kSuffixes[] = {{"", Norm::softsign},
                                                  {"Sigmoid", Norm::sigmoid},
                                                  {"Algebraic", Norm::algebraic},
                                                  {"Tanh", Norm::tanh},
                                                  {"Identity", Norm::identity}};

template <typename T>
void add(Operators& found) {
  constexpr auto x = kType<T>;
  const auto one = [&](const std::string& name, std::vector<ONNXTensorElementDataType> inputs, Compute compute, Norm norm) {
    const bool optional = compute == cross_hadamard<T>;  // its index
    found.push_back(std::make_unique<Operator>(name, std::move(inputs), compute, optional, norm));
  };
  one("CrossHadamard", {x, kInteger}, cross_hadamard<T>, Norm::identity);
  for (const auto& [suffix, norm] : kSuffixes) {
    one(std::string("AchExpand") + suffix, {x, kInteger, kFloat, kFloat, kFloat}, ach_expand<T>, norm);
    one(std::string("AchSelectExpand") + suffix, {x, kFloat, kFloat, kFloat, kFloat}, ach_select_expand<T>, norm);
  }
}

// A whole network: x and any number of weights, float32.
struct NetworkOperator : OrtCustomOp {
  NetworkOperator() : OrtCustomOp{} {
    version = kOldest;
    GetName = [](const OrtCustomOp*) { return "FusedNetwork"; };
    GetExecutionProviderType = [](const OrtCustomOp*) -> const char* { return nullptr; };
    GetInputTypeCount = [](const OrtCustomOp*) -> size_t { return 2; };
    GetInputType = [](const OrtCustomOp*, size_t) { return kFloat; };
    GetInputCharacteristic = [](const OrtCustomOp*, size_t at) {
      return at == 0 ? INPUT_OUTPUT_REQUIRED : INPUT_OUTPUT_VARIADIC;
    };
    GetVariadicInputMinArity = [](const OrtCustomOp*) { return 1; };
    GetVariadicInputHomogeneity = [](const OrtCustomOp*) { return 1; };
    GetInputMemoryType = [](const OrtCustomOp*, size_t) { return OrtMemTypeDefault; };
    GetOutputTypeCount = [](const OrtCustomOp*) -> size_t { return 1; };
    GetOutputType = [](const OrtCustomOp*, size_t) { return kFloat; };
    GetOutputCharacteristic = [](const OrtCustomOp*, size_t) { return INPUT_OUTPUT_REQUIRED; };
    KernelDestroy = [](void* kernel) { delete static_cast<NetworkKernel*>(kernel); };
    CreateKernelV2 = [](const OrtCustomOp*, const OrtApi*, const OrtKernelInfo* info, void** kernel) {
      return guarded(*api, [&] { *kernel = new NetworkKernel(*api, info); });
    };
    KernelComputeV2 = [](void* kernel, OrtKernelContext* context) {
      return guarded(*api, [&] { static_cast<const NetworkKernel*>(kernel)->compute({*api, context, has_threads}); });
    };
  }
};

// 31 of "1.31.0"; every minor release has an interface of its own, which holds all of those before.
uint32_t interface_of(const std::string& release) {
  const size_t dot = release.find('.');
  return dot == std::string::npos ? 0 : static_cast<uint32_t>(std::strtoul(release.c_str() + dot + 1, nullptr, 10));
}

const Operators& operators() {
  static const Operators found = [] {
    Operators every;
    add<float>(every);
    add<Half>(every);
    return every;
  }();
  return found;
}

}  // namespace
}  // namespace opbench

// Sets from which size of an output on, in bytes, its stores go around the caches.
extern "C" __attribute__((visibility("default"))) void opbench_stream_from(int64_t bytes) {
  opbench::stream_from() = bytes;
}

extern "C" __attribute__((visibility("default"))) OrtStatus* RegisterCustomOps(OrtSessionOptions* options,
                                                                              const OrtApiBase* base) {
  using namespace opbench;
  const uint32_t version = interface_of(base->GetVersionString());
  if (version < kOldest) {
    const std::string message = "opbench's operators need ONNX Runtime 1.16 or newer, this is ";
    return base->GetApi(1)->CreateStatus(ORT_NOT_IMPLEMENTED, (message + base->GetVersionString()).c_str());
  }
  api = base->GetApi(std::min(version, kThreads));
  has_threads = version >= kThreads;
  return guarded(*api, [&] {
    OrtCustomOpDomain* domain = nullptr;
    check(api->CreateCustomOpDomain("opbench", &domain));
    for (const auto& one : operators()) check(api->CustomOpDomain_Add(domain, one.get()));
    static const NetworkOperator network;
    check(api->CustomOpDomain_Add(domain, &network));
    check(api->AddCustomOpDomain(options, domain));
  });
}
