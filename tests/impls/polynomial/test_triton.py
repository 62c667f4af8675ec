"""Pi-Net's Triton kernels: under the interpreter here, on the device where there is one."""

from __future__ import annotations

import json

import pytest
import torch

from impls.polynomial.pi_net.definition import Recursion, function_of
from opbench.errors import UsageError

from ...commands import Interpreter
from ...compiled import COMPILING
from .subjects import RECURSIONS, drawn

pytest.importorskip("triton", reason="triton is not installed")

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.mark.parametrize("recursion", RECURSIONS, ids=str)
def test_values_and_every_gradient_are_those_of_the_definition(recursion: Recursion) -> None:
    from impls.polynomial.pi_net.gpu import launches

    inputs = drawn(recursion.form, batch=67, hidden=13, degree=3)
    grad = drawn(recursion.form, batch=67, features=3)[0]
    leaves = [each.clone().requires_grad_() for each in inputs]
    output = function_of(recursion)(*leaves)
    want = torch.autograd.grad(output, leaves, grad)
    there = [each.to(DEVICE) for each in inputs]
    torch.testing.assert_close(launches.forward(recursion, *there).cpu(), output.detach(), rtol=1e-9, atol=1e-9)
    found = launches.gradients(recursion, grad.to(DEVICE), *there)
    for one, wanted in zip(found, want, strict=True):
        torch.testing.assert_close(one.cpu(), wanted, rtol=1e-9, atol=1e-9 * float(wanted.abs().max()))


@pytest.mark.parametrize("form", ["ncp", "ccp"])
def test_no_samples_and_one_degree_are_taken(form: str) -> None:
    from impls.polynomial.pi_net.gpu import launches

    inputs = [each.to(DEVICE) for each in drawn(form, batch=0, degree=1)]
    assert launches.forward(Recursion(form), *inputs).shape == (0, 3)
    found = launches.gradients(Recursion(form), inputs[0][:, :3], *inputs)
    assert [each.shape for each in found] == [each.shape for each in inputs]


def test_more_hidden_values_than_a_program_holds_are_refused() -> None:
    from impls.polynomial.pi_net.gpu import launches

    with pytest.raises(UsageError, match="takes at most 128 hidden values, not 129"):
        launches.forward(Recursion("ccp"), *drawn("ccp", batch=1, hidden=129))


def test_samples_beyond_32_bits_are_as_they_are_alone(interpreter: Interpreter) -> None:
    ran = interpreter.module("tests.impls.polynomial.beyond_32_bits", environment=COMPILING)
    assert ran.code == 0, ran.stderr
    assert json.loads(ran.stdout) == {"same": [True] * 5, "zeros": [False] * 5}
