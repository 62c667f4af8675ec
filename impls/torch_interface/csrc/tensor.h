// A tensor of PyTorch's on the CPU, through its stable C interface.
#pragma once

#include <initializer_list>
#include <optional>
#include <utility>

#include "errors.h"
#include "shim.h"

namespace opbench {

// PyTorch's numbers of these dtypes.
enum class Dtype : int32_t { int64 = 4, float16 = 5, float32 = 6, float64 = 7, bfloat16 = 15 };

inline std::string text(Dtype dtype) {
  constexpr const char* names[] = {"Byte", "Char", "Short", "Int", "Long", "Half", "Float", "Double",
                                   "ComplexHalf", "ComplexFloat", "ComplexDouble", "Bool", "QInt8", "QUInt8", "QInt32",
                                   "BFloat16"};
  const auto number = static_cast<int32_t>(dtype);
  return number >= 0 && number <= 15 ? names[number] : joined("dtype ", number);
}

inline bool is_floating(Dtype dtype) {
  return dtype == Dtype::float16 || dtype == Dtype::float32 || dtype == Dtype::float64 || dtype == Dtype::bfloat16;
}
inline int64_t bytes_of(Dtype dtype) {
  return dtype == Dtype::int64 || dtype == Dtype::float64 ? 8 : dtype == Dtype::float32 ? 4 : 2;
}

// Sizes or strides, where the tensor or somebody else has them.
struct Shape {
  const int64_t* values;
  int64_t count;

  int64_t operator[](int64_t axis) const { return values[axis]; }
  bool operator==(const Shape& other) const {
    bool alike = count == other.count;
    for (int64_t axis = 0; alike && axis < count; ++axis) alike = values[axis] == other[axis];
    return alike;
  }
};

// Sizes or strides of their own, which cost no allocation.
class Dims {
 public:
  static constexpr int64_t most = 64;  // as many axes as PyTorch's own loops go over

  explicit Dims(int64_t count) : count_(count) {
    OPBENCH_CHECK_VALUE(count <= most, count, " axes; expected at most ", most);
  }
  explicit Dims(const Shape& other) : Dims(other.count) {
    for (int64_t axis = 0; axis < count_; ++axis) values_[axis] = other[axis];
  }

  int64_t& operator[](int64_t axis) { return values_[axis]; }
  operator Shape() const { return {values_, count_}; }

 private:
  int64_t count_;
  int64_t values_[most];
};

inline std::string text(const Shape& shape) {
  std::string all = "[";
  for (int64_t axis = 0; axis < shape.count; ++axis) all += (axis > 0 ? ", " : "") + std::to_string(shape[axis]);
  return all + "]";
}

// Refused by PyTorch: it has said why to whoever listens to its log, and out of memory is what is left.
inline void expect(int32_t failed, const char* what) {
  if (failed) throw std::runtime_error(joined("PyTorch could not ", what));
}

class Tensor {
 public:
  explicit Tensor(AtenTensorHandle owned) : handle_(owned) {
    int64_t* sizes = nullptr;
    int32_t dtype = 0;
    aoti_torch_get_dim(handle_, &sizes_.count);
    aoti_torch_get_sizes(handle_, &sizes);
    aoti_torch_get_dtype(handle_, &dtype);
    sizes_.values = sizes;
    dtype_ = static_cast<Dtype>(dtype);
  }
  Tensor(Tensor&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), sizes_(other.sizes_), dtype_(other.dtype_) {}
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;
  ~Tensor() {
    if (handle_) aoti_torch_delete_tensor_object(handle_);
  }

  // Not initialised, contiguous.
  static Tensor empty(const Shape& sizes, Dtype dtype) {
    Dims strides(sizes.count);
    uint64_t next = 1;  // of a tensor without elements it may wrap
    for (int64_t axis = sizes.count - 1; axis >= 0; --axis) {
      strides[axis] = static_cast<int64_t>(next);
      if (sizes[axis] > 1) next *= static_cast<uint64_t>(sizes[axis]);
    }
    AtenTensorHandle made = nullptr;
    expect(aoti_torch_empty_strided(sizes.count, sizes.values, Shape(strides).values, static_cast<int32_t>(dtype), 0, -1,
                                    &made),
           "allocate an output");
    return Tensor(made);
  }
  static Tensor empty(std::initializer_list<int64_t> sizes, Dtype dtype) {
    return empty(Shape{sizes.begin(), static_cast<int64_t>(sizes.size())}, dtype);
  }

  AtenTensorHandle handle() const { return handle_; }
  AtenTensorHandle release() { return std::exchange(handle_, nullptr); }

  int64_t dim() const { return sizes_.count; }
  const Shape& sizes() const { return sizes_; }
  int64_t size(int64_t axis) const { return sizes_[axis]; }
  Dtype dtype() const { return dtype_; }
  Shape strides() const {
    int64_t* found = nullptr;
    aoti_torch_get_strides(handle_, &found);
    return {found, dim()};
  }
  int64_t numel() const {
    int64_t found = 0;
    aoti_torch_get_numel(handle_, &found);
    return found;
  }
  // Of the dtypes that have a name here.
  int64_t bytes() const { return numel() * bytes_of(dtype_); }
  bool is_contiguous() const {
    bool found = false;
    aoti_torch_is_contiguous(handle_, &found);
    return found;
  }
  template <typename T>
  T* data() const {
    void* found = nullptr;
    aoti_torch_get_data_ptr(handle_, &found);
    return static_cast<T*>(found);
  }

  void copy_from(const Tensor& other) const { expect(aoti_torch_copy_(handle_, other.handle_, 0), "copy a tensor"); }

  // Tells autograd that the values were changed; inference tensors do not count.
  void changed() const {
    const auto& tensor = *reinterpret_cast<const at::Tensor*>(handle_);
    if (!at::native::is_inference(tensor)) torch::autograd::impl::bump_version(tensor);
  }

 private:
  AtenTensorHandle handle_;
  Shape sizes_{nullptr, 0};  // of the tensor's own
  Dtype dtype_{};
};

// By address: two storages may lie over one buffer, as slices of an array imported one by one do.
inline bool share_memory(const Tensor& one, const Tensor& other) {
  const auto storage = [](const Tensor& each) {
    int64_t offset = 0, bytes = 0;
    aoti_torch_get_storage_offset(each.handle(), &offset);
    aoti_torch_get_storage_size(each.handle(), &bytes);
    const char* begin = each.data<const char>() - offset * bytes_of(each.dtype());
    return std::pair(begin, begin + bytes);
  };
  const auto [begin, end] = storage(one);
  const auto [other_begin, other_end] = storage(other);
  return begin < other_end && other_begin < end;
}

// The tensor itself where it is contiguous and of the dtype, else a copy that is; the tensor outlives it.
class Packed {
 public:
  explicit Packed(const Tensor& tensor) : Packed(tensor, tensor.dtype()) {}
  Packed(const Tensor& tensor, Dtype dtype) : tensor_(&tensor) {
    if (tensor.dtype() == dtype && tensor.is_contiguous()) return;
    copy_.emplace(Tensor::empty(tensor.sizes(), dtype));
    copy_->copy_from(tensor);
  }
  Packed(const Packed&) = delete;
  Packed& operator=(const Packed&) = delete;

  const Tensor& tensor() const { return copy_ ? *copy_ : *tensor_; }
  template <typename T>
  const T* data() const {
    return tensor().template data<const T>();
  }

 private:
  const Tensor* tensor_;
  std::optional<Tensor> copy_;
};

}  // namespace opbench
