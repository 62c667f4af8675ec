"""Trainable Pi-Nets and the networks beside them: shapes, sizes, and what they compute."""

from __future__ import annotations

import pytest
import torch

from impls.polynomial.modules import Mlp, PiNet, Stacked, parameters_of, with_one
from impls.polynomial.pi_net.definition import FORMS, Recursion, ncp
from impls.polynomial.study.subjects import Subject, gated_mlp, mlp, pi_net, stacked
from opbench.errors import UsageError


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


def test_the_defaults_are_the_surveys() -> None:
    net = PiNet()
    assert (net.a.shape, net.s.shape, net.c.shape) == ((4, 16, 785), (3, 16, 16), (10, 16))
    assert net(torch.zeros(3, 784)).shape == (3, 10)


def test_a_module_is_the_operator_of_its_parameters_and_a_feature_that_is_one() -> None:
    net, z = PiNet(5, 2, hidden=3, degree=4), torch.randn(7, 5)
    torch.testing.assert_close(net(z), ncp(with_one(z), net.a, net.s, net.b, net.c, net.beta))
    assert (with_one(z)[:, 5] == 1).all()


@pytest.mark.parametrize("form", FORMS)
def test_every_parameter_gets_a_gradient(form: str) -> None:
    net = PiNet(5, 2, hidden=3, degree=4, recursion=Recursion(form, skip=True, norm=True))
    net(torch.randn(7, 5)).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in net.parameters())


def test_a_gain_makes_later_projections_smaller_and_the_first_not() -> None:
    small, whole = (_seeded(gain) for gain in (0.5, 1.0))
    assert torch.equal(small.a[0], whole.a[0])
    assert torch.equal(small.a[1:], whole.a[1:] / 2)


def _seeded(gain: float) -> PiNet:
    torch.manual_seed(0)
    return PiNet(3, 1, gain=gain)


def test_a_gated_layer_multiplies_what_relu_lets_through() -> None:
    net, x = Mlp(3, 2, hidden=4, layers=1, gated=True), torch.randn(5, 3)
    opened = torch.relu(with_one(x) @ net.opening[0].T) * (with_one(x) @ net.gated[0].T)
    torch.testing.assert_close(net(x), with_one(opened) @ net.last.T)


@pytest.mark.parametrize(
    "subject",
    [
        mlp(3, 2, layers=2),
        gated_mlp(3, 2, layers=2),
        pi_net(3, 2, 4, Recursion("ccp")),
        stacked(3, 2, 2, 3, Recursion("ncp")),
    ],
    ids=lambda subject: subject.name,
)
def test_a_width_is_the_largest_within_the_parameters(subject: Subject) -> None:
    width = subject.width_within(1000)
    fits, larger = (parameters_of(subject.sized(each, ())) for each in (width, width + 1))
    assert fits <= 1000 < larger
    with pytest.raises(UsageError, match="of width 1 has more than 2 parameters; expected a larger number"):
        subject.width_within(2)


def test_stacked_pi_nets_are_one_after_the_other_as_wide_between_as_within() -> None:
    net = stacked(3, 2, 2, 3, Recursion("ncp")).sized(5, ())
    assert isinstance(net, Stacked)
    ends = [(block.a.shape[-1] - 1, len(block.beta)) for block in net.blocks if isinstance(block, PiNet)]
    assert ends == [(3, 5), (5, 5), (5, 2)]
    assert net(torch.randn(7, 3)).shape == (7, 2)


@pytest.mark.parametrize("size", ["degree", "hidden"])
def test_a_pi_net_with_nothing_of_a_size_is_refused(size: str) -> None:
    sizes = {"hidden": 2, "degree": 2} | {size: 0}
    with pytest.raises(UsageError, match=f"{size} is 0; expected at least 1"):
        PiNet(3, 2, hidden=sizes["hidden"], degree=sizes["degree"])


@pytest.mark.parametrize("size", ["layers", "hidden"])
def test_an_mlp_with_nothing_of_a_size_is_refused(size: str) -> None:
    sizes = {"hidden": 2, "layers": 2} | {size: 0}
    with pytest.raises(UsageError, match=f"{size} is 0; expected at least 1"):
        Mlp(3, 2, hidden=sizes["hidden"], layers=sizes["layers"])
