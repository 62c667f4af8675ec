// Declarations for the few ONNX Runtime C API entries that our custom-op library calls.
// Names, signatures and positions are those of the runtime's public interface, so a source file
// builds unchanged against this header or against the runtime's own onnxruntime_c_api.h (pick one).
// Entries are found by position; positions never move, the table only grows at its end.
#pragma once
#include <cstddef>
#include <cstdint>

#ifdef ORT_API_VERSION
#error "include either this header or onnxruntime_c_api.h, not both"
#endif
#define ORT_API_VERSION 17  // the table below ends within the entries of version 17

#ifdef _WIN32
#define ORT_API_CALL _stdcall
#else
#define ORT_API_CALL
#endif

extern "C" {

typedef enum OrtErrorCode {
  ORT_OK, ORT_FAIL, ORT_INVALID_ARGUMENT, ORT_NO_SUCHFILE, ORT_NO_MODEL, ORT_ENGINE_ERROR,
  ORT_RUNTIME_EXCEPTION, ORT_INVALID_PROTOBUF, ORT_MODEL_LOADED, ORT_NOT_IMPLEMENTED,
  ORT_INVALID_GRAPH, ORT_EP_FAIL
} OrtErrorCode;

typedef enum ONNXTensorElementDataType {  // same numbers as TensorProto.DataType
  ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED = 0, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT = 1,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8 = 2, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8 = 3,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16 = 4, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16 = 5,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32 = 6, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 = 7,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING = 8, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL = 9,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16 = 10, ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE = 11,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32 = 12, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64 = 13,
  ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16 = 16
} ONNXTensorElementDataType;

typedef enum OrtOpAttrType {
  ORT_OP_ATTR_UNDEFINED, ORT_OP_ATTR_INT, ORT_OP_ATTR_INTS, ORT_OP_ATTR_FLOAT, ORT_OP_ATTR_FLOATS, ORT_OP_ATTR_STRING
} OrtOpAttrType;

typedef enum OrtMemType {
  OrtMemTypeCPUInput = -2, OrtMemTypeCPUOutput = -1, OrtMemTypeCPU = OrtMemTypeCPUOutput, OrtMemTypeDefault = 0
} OrtMemType;

typedef enum OrtCustomOpInputOutputCharacteristic {
  INPUT_OUTPUT_REQUIRED, INPUT_OUTPUT_OPTIONAL, INPUT_OUTPUT_VARIADIC
} OrtCustomOpInputOutputCharacteristic;

struct OrtStatus; struct OrtValue; struct OrtTensorTypeAndShapeInfo; struct OrtSessionOptions;
struct OrtCustomOpDomain; struct OrtKernelInfo; struct OrtKernelContext; struct OrtShapeInferContext;
struct OrtOpAttr; struct OrtCustomOp; struct OrtApi;
typedef OrtStatus* OrtStatusPtr;  // null means success

struct OrtApiBase {
  const OrtApi*(ORT_API_CALL* GetApi)(uint32_t version) noexcept;  // null when the runtime is older
  const char*(ORT_API_CALL* GetVersionString)(void) noexcept;
};

// every ORT_FN result that is not null must be handed on or given to ReleaseStatus
#define ORT_FN(name, ...) OrtStatusPtr(ORT_API_CALL* name)(__VA_ARGS__) noexcept
struct OrtApi {
  // version 1 unless marked
  OrtStatus*(ORT_API_CALL* CreateStatus)(OrtErrorCode code, const char* msg) noexcept; void* unused_1[1];
  const char*(ORT_API_CALL* GetErrorMessage)(const OrtStatus* status) noexcept; void* unused_3[23];
  ORT_FN(CreateCustomOpDomain, const char* domain, OrtCustomOpDomain** out);
  ORT_FN(CustomOpDomain_Add, OrtCustomOpDomain* custom_op_domain, const OrtCustomOp* op);
  ORT_FN(AddCustomOpDomain, OrtSessionOptions* options, OrtCustomOpDomain* custom_op_domain); void* unused_29[22];
  ORT_FN(GetTensorMutableData, OrtValue* value, void** out); void* unused_52[5];
  ORT_FN(CreateTensorTypeAndShapeInfo, OrtTensorTypeAndShapeInfo** out);
  ORT_FN(SetTensorElementType, OrtTensorTypeAndShapeInfo* info, ONNXTensorElementDataType type);
  ORT_FN(SetDimensions, OrtTensorTypeAndShapeInfo* info, const int64_t* dim_values, size_t dim_count);
  ORT_FN(GetTensorElementType, const OrtTensorTypeAndShapeInfo* info, ONNXTensorElementDataType* out);
  ORT_FN(GetDimensionsCount, const OrtTensorTypeAndShapeInfo* info, size_t* out);
  ORT_FN(GetDimensions, const OrtTensorTypeAndShapeInfo* info, int64_t* dim_values, size_t dim_values_length);
  ORT_FN(GetSymbolicDimensions, const OrtTensorTypeAndShapeInfo* info, const char* dim_params[],
         size_t dim_params_length); void* unused_64[1];
  ORT_FN(GetTensorTypeAndShape, const OrtValue* value, OrtTensorTypeAndShapeInfo** out); void* unused_66[20];
  ORT_FN(KernelInfoGetAttribute_int64, const OrtKernelInfo* info, const char* name, int64_t* out);
  ORT_FN(KernelInfoGetAttribute_string, const OrtKernelInfo* info, const char* name, char* out, size_t* size);
  ORT_FN(KernelContext_GetInputCount, const OrtKernelContext* context, size_t* out); void* unused_89[1];
  ORT_FN(KernelContext_GetInput, const OrtKernelContext* context, size_t index, const OrtValue** out);
  ORT_FN(KernelContext_GetOutput, OrtKernelContext* context, size_t index, const int64_t* dim_values,
         size_t dim_count, OrtValue** out); void* unused_92[1];
  void(ORT_API_CALL* ReleaseStatus)(OrtStatus* input); void* unused_94[5];
  void(ORT_API_CALL* ReleaseTensorTypeAndShapeInfo)(OrtTensorTypeAndShapeInfo* input); void* unused_100[1];
  void(ORT_API_CALL* ReleaseCustomOpDomain)(OrtCustomOpDomain* input); void* unused_102[147];
  // version 15
  ORT_FN(KernelInfoGetConstantInput_tensor, const OrtKernelInfo* info, size_t index, int* is_constant,
         const OrtValue** out); void* unused_250[17];
  // version 17
  ORT_FN(ShapeInferContext_GetInputCount, const OrtShapeInferContext* context, size_t* out);
  ORT_FN(ShapeInferContext_GetInputTypeShape, const OrtShapeInferContext* context, size_t index,
         OrtTensorTypeAndShapeInfo** info);
  ORT_FN(ShapeInferContext_GetAttribute, const OrtShapeInferContext* context, const char* attr_name,
         const OrtOpAttr** attr);
  ORT_FN(ShapeInferContext_SetOutputTypeShape, const OrtShapeInferContext* context, size_t index,
         const OrtTensorTypeAndShapeInfo* info);
  ORT_FN(SetSymbolicDimensions, OrtTensorTypeAndShapeInfo* info, const char* dim_params[], size_t dim_params_length);
  ORT_FN(ReadOpAttr, const OrtOpAttr* op_attr, OrtOpAttrType type, void* data, size_t len, size_t* out); void* unused_273[1];
  ORT_FN(KernelContext_ParallelFor, const OrtKernelContext* context, void (*fn)(void*, size_t), size_t total,
         size_t num_batch, void* usr_data);
};
#undef ORT_FN

struct OrtCustomOp {
  uint32_t version;  // how far down this struct the runtime may read
  void*(ORT_API_CALL* CreateKernel)(const OrtCustomOp* op, const OrtApi* api, const OrtKernelInfo* info);
  const char*(ORT_API_CALL* GetName)(const OrtCustomOp* op);
  const char*(ORT_API_CALL* GetExecutionProviderType)(const OrtCustomOp* op);  // null result: CPU
  ONNXTensorElementDataType(ORT_API_CALL* GetInputType)(const OrtCustomOp* op, size_t index);
  size_t(ORT_API_CALL* GetInputTypeCount)(const OrtCustomOp* op);
  ONNXTensorElementDataType(ORT_API_CALL* GetOutputType)(const OrtCustomOp* op, size_t index);
  size_t(ORT_API_CALL* GetOutputTypeCount)(const OrtCustomOp* op);
  void(ORT_API_CALL* KernelCompute)(void* op_kernel, OrtKernelContext* context);
  void(ORT_API_CALL* KernelDestroy)(void* op_kernel);
  // version 8
  OrtCustomOpInputOutputCharacteristic(ORT_API_CALL* GetInputCharacteristic)(const OrtCustomOp* op, size_t index);
  OrtCustomOpInputOutputCharacteristic(ORT_API_CALL* GetOutputCharacteristic)(const OrtCustomOp* op, size_t index);
  OrtMemType(ORT_API_CALL* GetInputMemoryType)(const OrtCustomOp* op, size_t index);  // version 13
  // version 14
  int(ORT_API_CALL* GetVariadicInputMinArity)(const OrtCustomOp* op); int(ORT_API_CALL* GetVariadicInputHomogeneity)(const OrtCustomOp* op);
  int(ORT_API_CALL* GetVariadicOutputMinArity)(const OrtCustomOp* op); int(ORT_API_CALL* GetVariadicOutputHomogeneity)(const OrtCustomOp* op);
  // version 16; when set, used in place of CreateKernel and KernelCompute (1.16 also wants those two null)
  OrtStatusPtr(ORT_API_CALL* CreateKernelV2)(const OrtCustomOp* op, const OrtApi* api, const OrtKernelInfo* info,
                                             void** kernel);
  OrtStatusPtr(ORT_API_CALL* KernelComputeV2)(void* op_kernel, OrtKernelContext* context);
  // version 17; each may be null
  OrtStatusPtr(ORT_API_CALL* InferOutputShapeFn)(const OrtCustomOp* op, OrtShapeInferContext*);
  int(ORT_API_CALL* GetStartVersion)(const OrtCustomOp* op); int(ORT_API_CALL* GetEndVersion)(const OrtCustomOp* op);
  // version 18; each may be null
  size_t(ORT_API_CALL* GetMayInplace)(int** input_index, int** output_index);
  void(ORT_API_CALL* ReleaseMayInplace)(int* input_index, int* output_index);
  size_t(ORT_API_CALL* GetAliasMap)(int** input_index, int** output_index);
  void(ORT_API_CALL* ReleaseAliasMap)(int* input_index, int* output_index);
};
}  // extern "C"

#define ORT_AT(member, position) \
  static_assert(offsetof(OrtApi, member) == (position) * sizeof(void*), #member " is misplaced")
ORT_AT(CreateStatus, 0); ORT_AT(GetErrorMessage, 2); ORT_AT(CreateCustomOpDomain, 26); ORT_AT(CustomOpDomain_Add, 27);
ORT_AT(AddCustomOpDomain, 28); ORT_AT(GetTensorMutableData, 51); ORT_AT(CreateTensorTypeAndShapeInfo, 57);
ORT_AT(SetTensorElementType, 58); ORT_AT(SetDimensions, 59); ORT_AT(GetTensorElementType, 60);
ORT_AT(GetDimensionsCount, 61); ORT_AT(GetDimensions, 62); ORT_AT(GetSymbolicDimensions, 63);
ORT_AT(GetTensorTypeAndShape, 65); ORT_AT(KernelInfoGetAttribute_int64, 86);
ORT_AT(KernelInfoGetAttribute_string, 87); ORT_AT(KernelContext_GetInputCount, 88);
ORT_AT(KernelContext_GetInput, 90); ORT_AT(KernelContext_GetOutput, 91); ORT_AT(ReleaseStatus, 93);
ORT_AT(ReleaseTensorTypeAndShapeInfo, 99); ORT_AT(ReleaseCustomOpDomain, 101);
ORT_AT(KernelInfoGetConstantInput_tensor, 249); ORT_AT(ShapeInferContext_GetInputCount, 267);
ORT_AT(ShapeInferContext_GetInputTypeShape, 268); ORT_AT(ShapeInferContext_GetAttribute, 269);
ORT_AT(ShapeInferContext_SetOutputTypeShape, 270); ORT_AT(SetSymbolicDimensions, 271); ORT_AT(ReadOpAttr, 272);
ORT_AT(KernelContext_ParallelFor, 274);
#undef ORT_AT
static_assert(sizeof(OrtCustomOp) == 26 * sizeof(void*), "OrtCustomOp has an unexpected size");
