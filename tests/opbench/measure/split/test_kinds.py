"""An operator's name decides which kind of work it is; what only wraps or views is none."""

from __future__ import annotations

import pytest

from opbench.measure.split.kinds import KINDS, covers_children, is_work, kernel_kind, operator_kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("aten::mul", "elementwise"),
        ("aten::mul_", "elementwise"),
        ("aten::add.Tensor", "elementwise"),
        ("aten::mkldnn_convolution", "convolution"),
        ("mkldnn::_convolution_pointwise", "convolution"),
        ("aten::addmm", "matrix product"),
        ("aten::_scaled_dot_product_flash_attention_for_cpu", "matrix product"),
        ("aten::native_batch_norm", "normalization"),
        ("aten::hardtanh_", "activation"),
        ("aten::cat", "data movement"),
        ("aten::mean", "reduction"),
        ("torchvision::nms", "reduction"),
        ("opbench::ach_expand", "opbench kernel"),
        ("opbench_cpp::cross_hadamard", "opbench kernel"),
        ("opbench_boxes::nms", "opbench kernel"),
        ("## Call CompiledFxGraph fabc ##", "compiled"),
        ("torchvision::roi_align", "other"),
        ("aten::an_operator_of_next_year", "other"),
        ("aten::empty_strided", "allocation"),
        ("aten::resize_", "allocation"),
    ],
)
def test_names_have_their_kind(name: str, kind: str) -> None:
    assert operator_kind(name) == kind


@pytest.mark.parametrize(
    "name",
    [
        *("aten::view", "aten::conv2d", "aten::_convolution", "aten::linear", "TorchDynamo Cache Lookup"),
        *("Torch-Compiled Region: 0/0", "a range of the user's", "autograd::engine::evaluate_function: MulBackward0"),
    ],
)
def test_views_wrappers_and_ranges_are_dispatch(name: str) -> None:
    assert operator_kind(name) == "dispatch"


def test_every_kind_is_work_and_nothing_else_is() -> None:
    assert all(map(is_work, KINDS))
    assert not any(map(is_work, ("dispatch", "allocation", "waiting")))


def test_what_is_not_known_and_what_is_compiled_leave_their_operators_their_own_kinds() -> None:
    assert covers_children("reduction")
    assert covers_children("opbench kernel")
    assert not covers_children("other")
    assert not covers_children("compiled")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("void cross_hadamard_blocked<float>", "opbench kernel"),
        ("triton_poi_fused_mul_0", "compiled"),
        ("sm90_xmma_fprop_implicit_gemm_f32", "convolution"),
        ("cutlass_80_simt_sgemm_128x64", "matrix product"),
        ("Memcpy DtoD (Device -> Device)", "data movement"),
        ("mystery", "other"),
    ],
)
def test_a_kernel_that_no_operator_launched_goes_by_its_name(name: str, kind: str) -> None:
    assert kernel_kind(name, "dispatch") == kind


def test_an_operators_kernel_is_of_its_kind_whatever_it_is_called() -> None:
    assert kernel_kind("sgemm", "normalization") == "normalization"


@pytest.mark.parametrize("launched_by", ["other", "compiled"])
def test_a_kernel_of_an_operator_that_says_little_goes_by_its_name_too(launched_by: str) -> None:
    assert kernel_kind("cutlass_80_simt_sgemm_128x64", launched_by) == "matrix product"
    assert kernel_kind("mystery", launched_by) == launched_by
