"""An operator's name decides which kind of work it is; what only wraps or views is none."""

from __future__ import annotations

import pytest

from opbench.profiling.split.kinds import KINDS, covers_children, is_work, operator_kind


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
        ("opbench::ach_expand", "cross-Hadamard"),
        ("opbench_cpp::cross_hadamard", "cross-Hadamard"),
        ("## Call CompiledFxGraph fabc ##", "compiled"),
        ("torchvision::nms", "other"),
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
    assert covers_children("cross-Hadamard")
    assert not covers_children("other")
    assert not covers_children("compiled")
