// What of PyTorch our libraries stand on: functions of its stable C interface (torch/csrc/inductor/aoti_torch/c/shim.h),
// declared here so that nothing of PyTorch is included, and three C++ functions that it lacks. All are in libtorch_cpu of
// 2.9 and later, so that one library serves these releases.
//
// A file with PyTorch's own headers takes 10 s of a processor to compile, one with this one 1 (GCC 12).
#pragma once

#include <cstdint>

extern "C" {

struct AtenTensorOpaque;
struct TorchLibraryOpaque;
using AtenTensorHandle = AtenTensorOpaque*;  // to an at::Tensor of its own
using TorchLibraryHandle = TorchLibraryOpaque*;
using StableIValue = uint64_t;

// Those that return an int32_t return 0 where all went well.
int32_t aoti_torch_delete_tensor_object(AtenTensorHandle tensor);
int32_t aoti_torch_get_data_ptr(AtenTensorHandle tensor, void** data);
int32_t aoti_torch_get_storage_offset(AtenTensorHandle tensor, int64_t* elements);
int32_t aoti_torch_get_storage_size(AtenTensorHandle tensor, int64_t* bytes);
int32_t aoti_torch_is_contiguous(AtenTensorHandle tensor, bool* contiguous);
int32_t aoti_torch_get_dim(AtenTensorHandle tensor, int64_t* axes);
int32_t aoti_torch_get_numel(AtenTensorHandle tensor, int64_t* elements);
int32_t aoti_torch_get_sizes(AtenTensorHandle tensor, int64_t** sizes);
int32_t aoti_torch_get_strides(AtenTensorHandle tensor, int64_t** strides);
int32_t aoti_torch_get_dtype(AtenTensorHandle tensor, int32_t* dtype);
int32_t aoti_torch_empty_strided(int64_t axes, const int64_t* sizes, const int64_t* strides, int32_t dtype,
                                 int32_t device_type, int32_t device_index, AtenTensorHandle* made);
int32_t aoti_torch_copy_(AtenTensorHandle to, AtenTensorHandle from, int32_t non_blocking);

int32_t aoti_torch_library_init_def(const char* name, const char* file, uint32_t line, TorchLibraryHandle* library);
int32_t aoti_torch_library_init_impl(const char* name, const char* key, const char* file, uint32_t line,
                                     TorchLibraryHandle* library);
int32_t aoti_torch_library_def(TorchLibraryHandle library, const char* schema);
int32_t aoti_torch_library_impl(TorchLibraryHandle library, const char* name,
                                void (*function)(StableIValue* stack, uint64_t arguments, uint64_t results));

}  // extern "C"

namespace at {
class Tensor;
int get_num_threads();
namespace native {
bool is_inference(const Tensor& tensor);
}
}  // namespace at

namespace torch::autograd::impl {
void bump_version(const at::Tensor& tensor);
}
