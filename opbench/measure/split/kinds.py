"""Which kind of work a PyTorch operator or a GPU kernel is, by the name that the profiler gives it.

An operator's name stands for one of three things: work of a kind, making memory, or neither (views, wrappers that
choose an implementation, framework ranges), whose time is dispatch. What no list here knows is work of the kind
`other`.
"""

from __future__ import annotations

import re

DISPATCH, ALLOCATION, WAITING, OTHER = "dispatch", "allocation", "waiting", "other"
NOT_WORK = (DISPATCH, ALLOCATION, WAITING)
COMPILED = "compiled"
OURS = "opbench kernel"
"""Of every library in `impls`: the product, but boxes, gated products and transforms too."""

_WORK = {
    "convolution": """
        mkldnn_convolution _slow_conv2d_forward _slow_conv2d_backward slow_conv3d_forward slow_conv_transpose2d
        slow_conv_dilated2d _nnpack_spatial_convolution _conv_depthwise2d conv_depthwise3d cudnn_convolution
        cudnn_convolution_relu cudnn_convolution_add_relu cudnn_convolution_transpose miopen_convolution
        miopen_depthwise_convolution convolution_backward convolution_overrideable _convolution_pointwise
        mkldnn_convolution_backward convolution_pointwise""",
    "matrix product": """
        mm addmm bmm baddbmm addbmm mv addmv dot vdot ger addr _addmm_activation mkldnn_linear mkl_linear
        _linear_pointwise linear_pointwise _scaled_mm _int_mm _scaled_dot_product_flash_attention_for_cpu
        _scaled_dot_product_flash_attention _scaled_dot_product_efficient_attention
        _scaled_dot_product_cudnn_attention _flash_attention_forward _efficient_attention_forward""",
    "normalization": """
        native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training _batch_norm_with_update
        native_batch_norm_backward cudnn_batch_norm miopen_batch_norm native_layer_norm native_layer_norm_backward
        native_group_norm native_group_norm_backward _fused_rms_norm rms_norm instance_norm norm linalg_vector_norm
        _softmax _log_softmax softmax log_softmax _softmax_backward_data renorm""",
    "activation": """
        relu relu6 hardtanh hardswish hardsigmoid sigmoid tanh gelu silu mish elu selu celu leaky_relu prelu
        _prelu_kernel softplus softsign threshold threshold_backward glu rrelu hardshrink log_sigmoid
        sigmoid_backward tanh_backward gelu_backward silu_backward hardswish_backward hardsigmoid_backward""",
    "pooling": """
        avg_pool1d avg_pool2d avg_pool3d _adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_max_pool2d
        max_pool2d_with_indices max_pool3d_with_indices mkldnn_max_pool2d avg_pool2d_backward
        max_pool2d_with_indices_backward _adaptive_avg_pool2d_backward upsample_nearest2d upsample_bilinear2d""",
    "elementwise": """
        mul add sub div neg abs sign sqrt rsqrt square pow exp exp2 expm1 log log1p log2 sin cos erf reciprocal clamp
        clamp_min clamp_max minimum maximum fmin fmax where addcmul addcdiv lerp floor ceil round trunc rsub remainder
        fmod eq ne lt le gt ge logical_and logical_or logical_not bitwise_and bitwise_or bitwise_not bitwise_xor
        masked_fill isnan isinf nan_to_num copysign hypot atan2 heaviside xlogy""",
    "reduction": """
        sum mean prod amax amin max min argmax argmin var std var_mean std_mean all any cumsum cumprod logsumexp
        topk sort argsort kthvalue median mode histc bincount unique count_nonzero aminmax segment_reduce nms""",
    "data movement": """
        cat _cat stack copy copy_ clone gather index_select index index_put _index_put_impl_ index_add index_copy
        scatter scatter_add scatter_reduce repeat repeat_interleave roll flip take take_along_dim masked_select
        masked_scatter fill fill_ zero zero_ tril triu pad constant_pad_nd reflection_pad2d replication_pad2d
        pixel_shuffle channel_shuffle native_channel_shuffle im2col col2im embedding one_hot nonzero _pin_memory
        index_select_backward slice_backward select_backward combinations meshgrid""",
}

_MEMORY = """
    empty empty_strided empty_like empty_permuted new_empty new_empty_strided resize resize_ resize_as resize_as_
    zeros zeros_like new_zeros ones ones_like new_ones full full_like new_full set_"""

_NEITHER = """
    view view_as _unsafe_view reshape reshape_as _reshape_alias as_strided select slice unsqueeze squeeze expand
    expand_as permute transpose t movedim swapaxes alias detach narrow split split_with_sizes chunk unbind flatten
    unflatten ravel diagonal unfold numpy_T adjoint mT real contiguous to _to_copy type_as broadcast_to
    broadcast_tensors conv1d conv2d conv3d convolution _convolution thnn_conv2d conv_transpose2d conv2d_padding
    _convolution_mode _nnpack_available linear matmul einsum tensordot inner outer batch_norm
    _batch_norm_impl_index layer_norm group_norm dropout feature_dropout adaptive_avg_pool1d adaptive_avg_pool2d
    max_pool1d max_pool2d item _local_scalar_dense is_nonzero result_type resolve_conj resolve_neg lift_fresh
    lift_fresh_copy is_floating_point arange _has_compatible_shallow_copy_type scalar_tensor requires_grad_ hstack
    vstack concat concatenate normalize cosine_similarity atleast_1d atleast_2d scaled_dot_product_attention"""

_KIND_OF = {
    **dict.fromkeys(_MEMORY.split(), ALLOCATION),
    **dict.fromkeys(_NEITHER.split(), DISPATCH),
    **{name: kind for kind, names in _WORK.items() for name in names.split()},
}

KINDS = (*_WORK, OURS, COMPILED, OTHER)
"""Every kind of work, in the order in which they are shown."""

_COMPILED_CALL = "## Call CompiledFxGraph"

_KERNEL_NAMES = (
    (r"hadamard|ach_expand", OURS),
    (r"^triton_", COMPILED),
    (r"conv|cudnn|winograd|implicit_gemm", "convolution"),
    (r"gemm|cutlass|cublas|gemv", "matrix product"),
    (r"norm|softmax", "normalization"),
    (r"pool", "pooling"),
    (r"reduce", "reduction"),
    (r"memcpy|memset|copy|catarray|gather|index", "data movement"),
    (r"elementwise", "elementwise"),
)
"""Kernels that no operator launched, as CuPy's, Numba's and Triton's are: by their own names."""


def operator_kind(name: str) -> str:
    """A kind of work, `allocation` or `dispatch`. The operator `aten::mul_` is of the kind of `aten::mul`.

    `compiled` is a graph that torch.compile made: its C++ kernels are no operators, so the time of the call that no
    operator inside it takes is theirs. A name without a namespace is a range that somebody drew.
    """
    space, separator, operator = name.partition("::")
    if name.startswith(_COMPILED_CALL):
        return COMPILED
    if space.startswith("opbench"):
        return OURS
    if not separator or space in ("autograd", "profiler", "torch"):
        return DISPATCH
    operator = operator.split(".", 1)[0]
    return _KIND_OF.get(operator) or _KIND_OF.get(operator.removesuffix("_"), OTHER)


def kernel_kind(name: str, launched_by: str) -> str:
    """The kind of a GPU kernel: that of the operator that launched it, where an operator did; else by its name.

    launched_by: the kind of the operator, `other` where there is none.
    """
    if is_work(launched_by) and launched_by not in (OTHER, COMPILED):
        return launched_by
    by_name = (kind for pattern, kind in _KERNEL_NAMES if re.search(pattern, name, re.IGNORECASE))
    return next(by_name, launched_by if is_work(launched_by) else OTHER)


def is_work(kind: str) -> bool:
    """Whether a part of that kind is computing, and not dispatch, allocation or waiting."""
    return kind not in NOT_WORK


def covers_children(kind: str) -> bool:
    """Whether what an operator of this kind calls is of its kind: `aten::mean` calls a sum and a division."""
    return kind in _WORK or kind in (OURS, ALLOCATION)
