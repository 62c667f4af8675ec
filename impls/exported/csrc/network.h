// A whole network as one node: layers made once from constant weights, when a session opens, and run in one call.
//
// x is an image (batch, channels, height, width) where the first layer says that it reads one, else a map with its
// channels last; the output is a classifier's scores (batch, classes), or a map with its channels last.
//
// What a file says is not believed: sizes are those of the weights, each is held against the others before a layer reads
// them, and the layers themselves refuse a map that they do not take.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "../../inference/csrc/interface.h"
#include "context.h"

namespace opbench {

// One weight of the node, float32.
struct Constant {
  const float* data;
  std::vector<int64_t> shape;
  int64_t count() const {
    int64_t found = 1;
    for (const int64_t one : shape) found *= one;
    return found;
  }
};

// The node's inputs behind x, in order.
class Constants {
 public:
  Constants(const OrtApi& api, const OrtKernelInfo* info) : api_(api), info_(info) {}

  // The next one, of so many dimensions.
  Constant next(size_t rank) {
    int constant = 0;
    const OrtValue* value = nullptr;
    check(api_.KernelInfoGetConstantInput_tensor(info_, ++at_, &constant, &value));
    if (!constant || value == nullptr) refuse(api_, "input " + std::to_string(at_) + " is no constant; weights have to be");
    Constant found{nullptr, shape_of(value)};
    check(api_.GetTensorMutableData(const_cast<OrtValue*>(value), const_cast<void**>(reinterpret_cast<const void**>(&found.data))));
    if (found.shape.size() != rank) refuse(api_, told(found) + "; expected " + std::to_string(rank) + " dimensions");
    return found;
  }
  // The next one, of one dimension and so many elements.
  const float* vector(int64_t count) {
    const Constant found = next(1);
    if (found.count() != count) refuse(api_, told(found) + "; expected (" + std::to_string(count) + ")");
    return found.data;
  }
  // The next one, of these sizes.
  const float* of(const std::vector<int64_t>& shape) {
    const Constant found = next(shape.size());
    if (found.shape != shape) refuse(api_, told(found) + "; expected " + text(shape));
    return found.data;
  }
  size_t count() const { return at_; }

 private:
  std::vector<int64_t> shape_of(const OrtValue* value) {
    OrtTensorTypeAndShapeInfo* info = nullptr;
    check(api_.GetTensorTypeAndShape(value, &info));
    size_t rank = 0;
    OrtStatus* failed = api_.GetDimensionsCount(info, &rank);
    std::vector<int64_t> shape(rank);
    if (failed == nullptr) failed = api_.GetDimensions(info, shape.data(), rank);
    api_.ReleaseTensorTypeAndShapeInfo(info);
    check(failed);
    return shape;
  }
  std::string told(const Constant& found) const {
    return "input " + std::to_string(at_) + " of a network has shape " + text(found.shape);
  }

  const OrtApi& api_;
  const OrtKernelInfo* info_;
  size_t at_ = 0;
};

// A line of the attribute `layers`: a kind and its numbers by name.
class Line {
 public:
  Line(const OrtApi& api, const std::string& line) : api_(api) {
    std::istringstream words(line);
    words >> kind;
    for (std::string word; words >> word;) {
      const size_t equals = word.find('=');
      if (equals == std::string::npos) refuse(api, "'" + word + "' in a layer; expected name=value");
      values_[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
  std::string kind;

  const std::string& word(const std::string& name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) refuse(api_, "a " + kind + " without " + name);
    return found->second;
  }
  int64_t integer(const std::string& name) const {
    try {
      return std::stoll(word(name));
    } catch (const std::exception&) {
      refuse(api_, name + " of a " + kind + " is '" + word(name) + "'; expected a whole number");
    }
  }

 private:
  const OrtApi& api_;
  std::map<std::string, std::string> values_;
};

// The network of one node.
class NetworkKernel {
 public:
  NetworkKernel(const OrtApi& api, const OrtKernelInfo* info);
  void compute(const Context& context) const;

 private:
  struct Free {
    void operator()(Layer* layer) const { bottlenecks_free(layer); }
    void operator()(char* bytes) const { ::operator delete(bytes, std::align_val_t{kLineBytes}); }
  };
  // Kept from one run to the next, as many as runs have been at once: fresh memory costs its page faults every time.
  struct Scratch {
    std::unique_ptr<char, Free> bytes;
    int64_t size = 0;
  };
  static constexpr size_t kLineBytes = 64;
  static constexpr int64_t kMostThreads = 32;  // a phase of a layer has no more tasks

  Scratch scratch_of(int64_t bytes) const;

  size_t inputs_ = 0;
  bool image_ = false, scores_ = false;  // what the first layer takes, and whether the last is a classifier
  std::vector<std::unique_ptr<Layer, Free>> layers_;  // the last is the network of those before
  mutable std::mutex mutex_;
  mutable std::vector<Scratch> spare_;
};

}  // namespace opbench
