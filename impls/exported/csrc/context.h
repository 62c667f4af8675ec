// The C interface made safe to use: tensors with their shapes, attributes, and errors that travel as exceptions.
#pragma once

#include <exception>
#include <string>
#include <vector>

#include "threads.h"

namespace opbench {

// A status of the runtime on its way back to it.
struct Failure {
  OrtStatus* status;
};

inline void check(OrtStatus* status) {
  if (status != nullptr) throw Failure{status};
}

// What an operator was given that it does not take.
[[noreturn]] inline void refuse(const OrtApi& api, const std::string& message) {
  throw Failure{api.CreateStatus(ORT_INVALID_ARGUMENT, ("opbench: " + message).c_str())};
}

// body() as the runtime wants it: no exception leaves, success is null.
template <typename Body>
OrtStatus* guarded(const OrtApi& api, const Body& body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const Failure& failure) {
    return failure.status;
  } catch (const std::exception& error) {
    return api.CreateStatus(ORT_RUNTIME_EXCEPTION, error.what());
  }
}

inline std::string text(const std::vector<int64_t>& shape) {
  std::string found = "(";
  for (const int64_t one : shape) found += (found.size() > 1 ? ", " : "") + std::to_string(one);
  return found + ")";
}

class Input {
 public:
  Input() = default;  // an optional one that is not there
  Input(const Context& context, size_t at) {
    const OrtApi& api = context.api;
    const OrtValue* value = nullptr;
    check(api.KernelContext_GetInput(context.node, at, &value));
    if (value == nullptr) return;
    check(api.GetTensorMutableData(const_cast<OrtValue*>(value), const_cast<void**>(&data_)));
    OrtTensorTypeAndShapeInfo* info = nullptr;
    check(api.GetTensorTypeAndShape(value, &info));
    size_t rank = 0;
    OrtStatus* failed = api.GetDimensionsCount(info, &rank);
    shape_.resize(rank);
    if (failed == nullptr) failed = api.GetDimensions(info, shape_.data(), rank);
    api.ReleaseTensorTypeAndShapeInfo(info);
    check(failed);
  }
  template <typename T>
  const T* data() const {
    return static_cast<const T*>(data_);
  }
  const std::vector<int64_t>& shape() const { return shape_; }
  int64_t count() const {
    int64_t found = 1;
    for (const int64_t one : shape_) found *= one;
    return found;
  }

 private:
  const void* data_ = nullptr;
  std::vector<int64_t> shape_;
};

template <typename T>
T* output(const Context& context, const std::vector<int64_t>& shape) {
  OrtValue* value = nullptr;
  void* data = nullptr;
  check(context.api.KernelContext_GetOutput(context.node, 0, shape.data(), shape.size(), &value));
  check(context.api.GetTensorMutableData(value, &data));
  return static_cast<T*>(data);
}

inline int64_t integer(const OrtApi& api, const OrtKernelInfo* info, const char* name) {
  int64_t found = 0;
  check(api.KernelInfoGetAttribute_int64(info, name, &found));
  return found;
}

// The attribute, or "" where the node has none.
inline std::string word(const OrtApi& api, const OrtKernelInfo* info, const char* name) {
  size_t size = 0;
  if (OrtStatus* missing = api.KernelInfoGetAttribute_string(info, name, nullptr, &size)) {
    api.ReleaseStatus(missing);
    return "";
  }
  std::string found(size, '\0');
  check(api.KernelInfoGetAttribute_string(info, name, found.data(), &size));
  found.resize(found.find('\0') == std::string::npos ? size : found.find('\0'));
  return found;
}

}  // namespace opbench
