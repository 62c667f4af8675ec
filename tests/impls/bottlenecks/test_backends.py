"""Every backend of the bottlenecks against the float64 reference."""

from __future__ import annotations

import pytest
import torch

from impls.bottlenecks.backends.cpp_ext import layer_of
from impls.expansion.references import strongest
from impls.native import why_no_compiler, why_not
from opbench import Backend, catalog
from opbench.errors import UsageError
from opbench.testing import assert_correct
from opbench.vocabulary.case import AxisValue

from ...rows import rows
from ..cross_hadamard.conftest import stopping_at_graphs
from .points import OPERATORS, at, scores_of

ALL = ("float32", "float64", "float16", "bfloat16")

needs_compiler = pytest.mark.skipif(why_not() is not None, reason="needs a compiler and ninja")


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


@pytest.mark.parametrize("operator", OPERATORS)
def test_eager_is_right_at_every_check_point_in_every_dtype(operator: str) -> None:
    assert_correct(operator, ["torch_eager"], ALL)


@pytest.mark.compiler
@needs_compiler
@pytest.mark.parametrize("operator", OPERATORS)
def test_the_parts_are_right_at_every_check_point_with_batchnorm_folded_or_not(operator: str) -> None:
    assert_correct(operator, ["parts", "parts:unfolded", "parts:folded"], ("float32", "float16"))


@pytest.mark.compiler
@pytest.mark.skipif(why_no_compiler() is not None, reason="needs a compiler")
@pytest.mark.parametrize("operator", OPERATORS)
def test_the_cpp_block_is_right_at_every_check_point(operator: str) -> None:
    assert_correct(operator, ["cpp_ext"])


@pytest.mark.compiler
@pytest.mark.skipif(why_no_compiler() is not None, reason="needs a compiler")
@rows("k, batchnorm", [(1, 0), (7, 0), (19, 1)])
def test_the_cpp_block_selects_the_channels_of_the_definition(k: int, batchnorm: int) -> None:
    point = at("ach_bottleneck", batch=3, channels=19, edge=5, selected=k, batchnorm=batchnorm)
    inputs = catalog.operator(point.operator).inputs(point)
    found = layer_of(point, inputs).selected(inputs["x"].permute(0, 2, 3, 1))
    assert torch.equal(found, strongest(scores_of(inputs), k))


@pytest.mark.compiler
@pytest.mark.skipif(why_no_compiler() is not None, reason="needs a compiler")
@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
def test_the_cpp_block_gives_its_output_in_the_layout_of_its_input(layout: str) -> None:
    point = at("ghost_bottleneck", batch=2, channels=5, out_channels=7, edge=4, layout=layout)
    backend = catalog.backend(point.operator, "cpp_ext")
    assert isinstance(backend, Backend)
    y = backend.prepare(point, catalog.operator(point.operator).inputs(point), None, "")()
    assert y.shape == (2, 7, 4, 4)
    assert y.is_contiguous(memory_format=torch.channels_last if layout == "channels_last" else torch.contiguous_format)


@pytest.mark.compiler
@needs_compiler
@pytest.mark.parametrize("selected", [0, 1])
def test_the_parts_refuse_a_selection_without_pairs(selected: int) -> None:
    point = at("ach_bottleneck", channels=5, out_channels=5, edge=3, selected=selected)
    backend = catalog.backend(point.operator, "parts")
    assert isinstance(backend, Backend)
    with pytest.raises(UsageError, match=f"k = {selected} selected channels do not make pairs"):
        backend.prepare(point, catalog.operator(point.operator).inputs(point), None, "")


@pytest.mark.parametrize("operator", OPERATORS)
def test_the_compiled_block_is_one_graph_and_right(operator: str) -> None:
    """Stopping at the graph: the code that is made of it is Inductor's."""
    small = {"batch": (2,), "channels": (5,), "out_channels": (5,), "edge": (4,), "kernel": (3, 4)}
    own: dict[str, tuple[AxisValue, ...]] = {"selected": (3,)} if operator == "ach_bottleneck" else {"ratio": (2.2,)}
    with stopping_at_graphs():
        assert_correct(operator, ["torch_compile"], axes={**small, **own})


@pytest.mark.parametrize("operator", OPERATORS)
def test_the_exported_block_is_right(operator: str) -> None:
    pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    small = {"batch": (2,), "channels": (5,), "out_channels": (5,), "edge": (5,), "kernel": (4,)}
    own: dict[str, tuple[AxisValue, ...]] = {"selected": (3,)} if operator == "ach_bottleneck" else {"ratio": (2.2,)}
    assert_correct(operator, ["ort_stock"], axes={**small, **own, "layout": ("channels_last", "channels_first")})


@pytest.mark.compiler
@pytest.mark.skipif(why_no_compiler() is not None, reason="needs a compiler")
@pytest.mark.parametrize("operator", OPERATORS)
def test_the_block_as_one_node_is_right(operator: str) -> None:
    pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    small = {"batch": (3,), "channels": (5,), "out_channels": (5, 7), "edge": (5,), "kernel": (3, 4)}
    own: dict[str, tuple[AxisValue, ...]] = {"selected": (3,)} if operator == "ach_bottleneck" else {"ratio": (2.2,)}
    assert_correct(operator, ["ort_fused"], axes={**small, **own, "layout": ("channels_last", "channels_first")})


@pytest.mark.parametrize("operator", OPERATORS)
def test_what_has_no_kernel_for_a_dtype_says_which_it_has(operator: str) -> None:
    backend = catalog.backend(operator, "ort_stock")
    assert isinstance(backend, Backend)
    assert backend.refusal(at(operator, "bfloat16")) == "takes float16, float32, not bfloat16"
