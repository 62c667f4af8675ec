"""Every backend of the bottlenecks against the float64 reference."""

from __future__ import annotations

import pytest

from impls.native import why_not
from opbench import Backend, catalog
from opbench.testing import assert_correct

from .points import OPERATORS, at

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
    assert_correct(operator, ["parts", "parts:folded"], ("float32", "float16"))


@pytest.mark.parametrize("operator", OPERATORS)
def test_what_has_no_kernel_for_a_dtype_says_which_it_has(operator: str) -> None:
    backend = catalog.backend(operator, "ort_stock")
    assert isinstance(backend, Backend)
    assert backend.refusal(at(operator, "bfloat16")) == "takes float16, float32, not bfloat16"
