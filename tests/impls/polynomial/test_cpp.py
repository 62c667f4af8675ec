"""The C++ kernels of Pi-Net: right wherever blocks and registers end, for every gradient, and nothing else taken."""

from __future__ import annotations

import pytest
import torch

from impls.native import why_not
from impls.polynomial.pi_net import functional
from impls.polynomial.pi_net.definition import Recursion, function_of
from opbench.errors import UsageError
from opbench.testing import assert_correct

from ..cpp_ways import vectors_of
from .subjects import RECURSIONS, drawn

pytestmark = [
    pytest.mark.compiler,
    pytest.mark.skipif(why_not() is not None, reason="the C++ kernel needs a compiler and ninja"),
]


vectors = vectors_of(functional)


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


@pytest.mark.usefixtures("vectors")
def test_it_is_right_at_every_check_point() -> None:
    assert_correct("pi_net", ["cpp_ext"], ("float32", "float64"))


@pytest.mark.usefixtures("vectors")
@pytest.mark.parametrize("batch", [1, 31, 32, 33, 101])
@pytest.mark.parametrize("recursion", RECURSIONS, ids=str)
def test_every_gradient_is_that_of_the_definition(recursion: Recursion, batch: int) -> None:
    inputs = drawn(recursion.form, batch=batch, degree=4, hidden=9)
    grad = drawn(recursion.form, batch=batch, features=3)[0]
    leaves = [each.clone().requires_grad_() for each in inputs]
    want = torch.autograd.grad(function_of(recursion)(*leaves), leaves, grad)
    found = functional.gradients(recursion, grad, *inputs)
    assert len(found) == len(want)
    for one, wanted in zip(found, want, strict=True):
        torch.testing.assert_close(one, wanted, rtol=1e-9, atol=1e-9 * float(wanted.abs().max()))


def test_of_no_samples_gradients_of_parameters_are_zero() -> None:
    inputs = drawn("ncp", batch=0)
    found = functional.gradients(Recursion("ncp"), torch.empty(0, 3, dtype=torch.float64), *inputs)
    assert [each.shape for each in found] == [each.shape for each in inputs]
    assert all(not each.any() for each in found)


def test_blocks_and_threads_change_no_value_beyond_rounding() -> None:
    recursion = Recursion("ncp", skip=True, norm=True)
    inputs = drawn("ncp", batch=131)
    want = functional.pi_net(recursion, *inputs)
    forward, _ = functional._operators()
    for block in (32, 96, 512):
        z, a, s, b, c, beta = inputs
        torch.testing.assert_close(forward(z, a, s, b, c, beta, True, True, block), want, rtol=1e-12, atol=1e-12)
    torch.set_num_threads(3)
    torch.testing.assert_close(functional.pi_net(recursion, *inputs), want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("samples", "degree", "hidden", "threads", "want"),
    [(1, 4, 16, 2, 32), (65, 1, 1, 2, 64), (10_000, 4, 16, 1, 672), (10_000, 1000, 1000, 1, 32)],
)
def test_a_block_fills_the_scratch_or_leaves_each_thread_one(
    samples: int, degree: int, hidden: int, threads: int, want: int
) -> None:
    assert functional.block_of(samples, degree, hidden, 4, threads) == want


def test_strided_inputs_are_taken() -> None:
    z, a, c, beta = drawn("ccp", features=22)
    found = functional.pi_net(Recursion("ccp"), z[:, ::2], a[:, :, ::2], c, beta)
    torch.testing.assert_close(found, function_of(Recursion("ccp"))(z[:, ::2], a[:, :, ::2], c, beta))


def test_what_the_kernels_cannot_take_is_refused() -> None:
    z, a, s, b, c, beta = drawn("ncp")
    ncp = Recursion("ncp")
    with pytest.raises(UsageError, match="4 inputs for ncp; expected 6"):
        functional.pi_net(ncp, z, a, c, beta)
    with pytest.raises(ValueError, match=r"a has shape \[7, 11\]; expected \(degree, hidden, features\)"):
        functional.pi_net(ncp, z, a[0], s, b, c, beta)
    with pytest.raises(ValueError, match=r"a has shape \[0, 7, 11\]; expected .* at least 1 of each"):
        functional.pi_net(ncp, z, a[:0], s, b, c, beta)
    with pytest.raises(ValueError, match=r"s has shape \[1, 7, 7\]; expected \[2, 7, 7\]"):
        functional.pi_net(ncp, z, a, s[:1], b, c, beta)
    with pytest.raises(ValueError, match=r"c has shape \[3, 6\]; expected \[3, 7\]"):
        functional.pi_net(ncp, z, a, s, b, c[:, :6], beta)
    with pytest.raises(TypeError, match="b is Float; expected Double"):
        functional.pi_net(ncp, z, a, s, b.float(), c, beta)
    with pytest.raises(ValueError, match=r"grad has shape \[5, 2\]; expected \[5, 3\]"):
        functional.gradients(ncp, z[:, :2], z, a, s, b, c, beta)
    forward, _ = functional._operators()
    with pytest.raises(ValueError, match="no vectors 'sse' on this processor; there are: "):
        functional.operators().use_vectors("sse")
    with pytest.raises(ValueError, match="block is 33; expected a multiple of 32"):
        forward(z, a, s, b, c, beta, False, False, 33)
