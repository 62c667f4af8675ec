"""Pi-Net: every backend against the recursion, and what follows from its being a polynomial."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impls.polynomial.pi_net.definition import FORMS, Recursion, function_of, layer_norm, written_out
from opbench import catalog
from opbench.counting.count import count, disagreements
from opbench.errors import UsageError
from opbench.testing import assert_correct
from opbench.vocabulary.case import Point

from .subjects import RECURSIONS, drawn


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_eager_steps_are_right_at_every_check_point(dtype: str) -> None:
    assert_correct("pi_net", ["torch_eager"], [dtype])


def test_ncp_is_its_recursion_sample_by_sample_and_value_by_value() -> None:
    z, a, s, b, c, beta = drawn("ncp", batch=2, features=3, hidden=2, degree=3, classes=1)
    found = function_of(Recursion("ncp", skip=True))(z, a, s, b, c, beta)
    for sample in range(2):
        x = [float(z[sample] @ a[0, h]) * float(b[0, h]) for h in range(2)]
        for n in (1, 2):
            inner = [sum(float(s[n - 1, h, i]) * x[i] for i in range(2)) + float(b[n, h]) for h in range(2)]
            x = [float(z[sample] @ a[n, h]) * inner[h] + x[h] for h in range(2)]
        want = sum(float(c[0, h]) * x[h] for h in range(2)) + float(beta[0])
        assert float(found[sample, 0]) == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("degree", [1, 2, 5])
@pytest.mark.parametrize("recursion", [Recursion("ncp"), Recursion("ncp", skip=True), Recursion("ccp", skip=True)])
def test_along_a_line_it_is_a_polynomial_of_its_degree_and_of_no_smaller_one(recursion: Recursion, degree: int) -> None:
    """So many differences of equally distant values are 0, one fewer are not."""
    z, *others = drawn(recursion.form, batch=1, degree=degree)
    line = torch.arange(degree + 2, dtype=torch.float64)[:, None] * z
    values = function_of(recursion)(line, *others)
    differences = values.diff(n=degree, dim=0)
    assert differences.abs().min() > 1e-6
    assert differences.diff(dim=0).abs().max() < 1e-10 * values.abs().max()


def test_ccp_without_skip_is_homogeneous() -> None:
    z, a, c, beta = drawn("ccp", degree=4)
    function = function_of(Recursion("ccp"))
    zero = torch.zeros_like(beta)
    torch.testing.assert_close(function(-2 * z, a, c, zero), 16 * function(z, a, c, zero))


def test_layer_norm_written_out_is_pytorchs() -> None:
    x = drawn("ccp")[0]
    torch.testing.assert_close(written_out(x), layer_norm(x))


@pytest.mark.parametrize("mode", ["forward", "backward"])
@pytest.mark.parametrize("form", FORMS)
def test_one_degree_and_no_samples_are_taken(form: str, mode: str) -> None:
    assert_correct("pi_net", ["torch_eager"], modes=[mode], axes=_point(form, batch=0, degree=1))


def _point(form: str, **sizes: int) -> dict[str, tuple[int | str, ...]]:
    small = {"features": 3, "hidden": 2, "classes": 2} | sizes
    return {"form": (form,)} | {name: (size,) for name, size in small.items()}


def test_both_counters_agree_with_the_work() -> None:
    described = catalog.operator("pi_net")
    for axes in described.check_points:
        point = Point("pi_net", described.complete(axes), device="meta")
        found = count(described.eager(point), described.inputs(point))
        assert not disagreements(found, described.work(point)), axes


def test_the_work_of_a_network_small_enough_to_count_by_hand() -> None:
    """NCP, 2 samples, 3 features, 2 hidden, degree 2, 1 class: 2*2*2*3 + 2*2*2 + 2*2 MACs."""
    described = catalog.operator("pi_net")
    axes = described.complete({"batch": 2, "features": 3, "hidden": 2, "degree": 2, "classes": 1})
    work = described.work(Point("pi_net", axes))
    assert (work.macs, work.products, work.elementwise) == (24 + 8 + 4, 4, 4 + 4 + 2)
    parameters = 2 * 2 * 3 + 2 * 2 + 2 * 2 + 2 + 1
    assert (work.bytes_read, work.bytes_written) == (4 * (6 + parameters), 8)
    assert described.sizes(axes) == {"parameters": parameters}
    back = described.work(Point("pi_net", axes, mode="backward"))
    assert (back.macs, back.products) == (3 * (24 + 8) + 2 * 4, 3 * 4 + 4)
    assert (back.bytes_read, back.bytes_written) == (4 * (6 + parameters + 2), 4 * (6 + parameters))


@pytest.mark.parametrize("name", ["degree", "hidden", "features", "classes"])
def test_nothing_of_a_size_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"axis '{name}' of operator 'pi_net' is 0; expected an integer >= 1"):
        catalog.operator("pi_net").complete({name: 0})


def test_what_is_no_form_and_no_switch_is_refused() -> None:
    described = catalog.operator("pi_net")
    with pytest.raises(UsageError, match=r"no form 'tcp'.*of pi_net"):
        Recursion("tcp")
    with pytest.raises(UsageError, match="skip is 2; expected 0"):
        described.sizes(described.complete({"skip": 2}))


@pytest.mark.parametrize("recursion", RECURSIONS, ids=str)
def test_networks_side_by_side_are_as_alone(recursion: Recursion) -> None:
    z, *first = drawn(recursion.form, hidden=7)
    second = [2 * each for each in first]
    function = function_of(recursion)
    both: Tensor = function(z, *(torch.stack(pair) for pair in zip(first, second, strict=True)))
    torch.testing.assert_close(both, torch.stack((function(z, *first), function(z, *second))))
