"""Algorithm 1, step by step, and what a temperature must survive."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from impls.hadaptive.ach import ACH
from impls.hadaptive.ach_parts.selection import LearnedSelection
from impls.hadaptive.temperature import Temperature, adapt_before_steps, adapt_temperatures
from opbench.errors import UsageError

from .scenes import random

SCRIPT = [
    (None, 4.0, 0.0),  # no gradient yet
    (2.0, 4.0, 2.0),  # the first norm is only remembered
    (1.0, 3.96, 1.0),  # shrinks: cooler
    (1.0, 3.9996, 1.0),  # equal counts as grown
    (None, 3.9996, 1.0),  # a module the loss did not reach
    (0.5, 3.959604, 0.5),
    (5.0, 3.99920004, 5.0),  # grows: hotter
    (6.0, 4.0, 6.0),  # at most 4
    (math.nan, 4.0, 6.0),  # mixed precision overflowed: no gradient
    (math.inf, 4.0, 6.0),
    (0.0, 3.96, 0.0),
    (7.0, 3.96, 7.0),  # a last norm of 0 is none
]


def gradient(norm: float | None) -> Tensor | None:
    return None if norm is None else torch.tensor([0.6, -0.8], dtype=torch.float64).reshape(1, 1, 2) * norm


def test_it_follows_algorithm_1_through_a_script() -> None:
    temperature = Temperature().double()
    for norm, tau, last in SCRIPT:
        temperature.update(gradient(norm))
        assert float(temperature.tau) == pytest.approx(tau, rel=1e-12), norm
        assert float(temperature.last_norm) == pytest.approx(last), norm


def test_it_never_falls_below_a_hundredth() -> None:
    temperature = Temperature(rate=0.5)
    for step in range(20):
        temperature.update(gradient(0.5**step))
    assert float(temperature.tau) == pytest.approx(0.01)


def test_the_rate_of_the_published_code_can_be_asked_for() -> None:
    temperature = Temperature(rate=0.005)
    temperature.update(gradient(2.0))
    temperature.update(gradient(1.0))
    assert float(temperature.tau) == pytest.approx(3.98)


@pytest.mark.parametrize("rate", [0.0, -0.01, 1.0, math.nan])
def test_a_rate_that_does_not_steer_is_refused(rate: float) -> None:
    with pytest.raises(UsageError, match=r"temperature rate is .*; expected above 0 and below 1"):
        Temperature(rate)


def moved() -> LearnedSelection:
    selection = LearnedSelection(2, 0.01)
    for norm in (2.0, 1.0):
        selection.temperature.update(gradient(norm))
    return selection


def test_a_state_dict_carries_it_to_another_module() -> None:
    other = LearnedSelection(2, 0.01)
    other.load_state_dict(moved().state_dict())
    assert other.temperature.tau.item() == pytest.approx(3.96)
    assert other.temperature.last_norm.item() == 1.0


def test_a_deep_copy_goes_its_own_way() -> None:
    one = moved()
    other = copy.deepcopy(one)
    other.temperature.update(gradient(0.5))
    assert other.temperature.tau.item() == pytest.approx(3.96 * 0.99)
    assert one.temperature.tau.item() == pytest.approx(3.96)
    assert one.temperature.last_norm.item() == 1.0


def test_it_may_change_between_a_forward_and_its_backward_pass() -> None:
    temperature, scores = Temperature(), random(2, 3).requires_grad_()
    total = temperature(scores).square().sum()
    temperature.update(gradient(2.0))
    temperature.update(gradient(1.0))
    total.backward()
    assert scores.grad is not None
    torch.testing.assert_close(scores.grad, 2 * scores.detach() / 16)


def two_modules() -> nn.Sequential:
    return nn.Sequential(ACH(5, 3, backend="torch_eager"), ACH(8, 2, backend="torch_eager", selection="fixed"))


def taus(model: nn.Module) -> list[float]:
    return [one.tau.item() for one in model.modules() if isinstance(one, Temperature)]


def backward(model: nn.Module, scale: float) -> None:
    model.zero_grad()
    torch.manual_seed(0)
    (model(random(2, 5, 3, 3)).square().sum() * scale).backward()


def test_every_learned_module_of_a_model_adapts_after_the_backward_pass() -> None:
    model = two_modules()
    for scale in (1.0, 0.5):
        backward(model, scale)
        adapt_temperatures(model)
    assert taus(model) == [pytest.approx(3.96)]


def test_an_optimizer_can_do_it_with_the_gradients_it_steps_on() -> None:
    model = two_modules()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    handle = adapt_before_steps(optimizer, model)
    for scale in (1.0, 0.5):
        backward(model, scale)
        optimizer.step()
        optimizer.zero_grad()
    assert taus(model) == [pytest.approx(3.96)]
    handle.remove()
    backward(model, 0.25)
    optimizer.step()
    assert taus(model) == [pytest.approx(3.96)]


@pytest.mark.parametrize("found", [0.0, 1.0])
def test_of_an_optimizer_that_unscales_by_itself_the_true_gradients_count(found: float) -> None:
    """GradScaler calls fused optimisers for skipped steps too, and says so in two attributes."""
    model = two_modules()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0, fused=True)
    adapt_before_steps(optimizer, model)
    backward(model, 1.0)
    optimizer.step()
    backward(model, 0.5 * 1024)
    optimizer.grad_scale, optimizer.found_inf = torch.tensor(1024.0), torch.tensor(found)  # type: ignore[attr-defined]
    optimizer.step()
    assert taus(model) == [pytest.approx(4.0 if found else 3.96)]


def test_a_compiled_module_takes_the_new_temperature_without_compiling_again() -> None:
    model = two_modules()[0]
    torch._dynamo.reset()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True, dynamic=False)
    assert isinstance(compiled, nn.Module)
    backward(compiled, 1.0)
    adapt_temperatures(compiled)
    with torch.compiler.set_stance("fail_on_recompile"):
        backward(compiled, 0.5)
        adapt_temperatures(compiled)
        backward(compiled, 1.0)
    assert taus(model) == [pytest.approx(3.96)]
    got = [one.grad.clone() for one in model.parameters() if one.grad is not None]
    backward(model, 1.0)
    want = [one.grad for one in model.parameters() if one.grad is not None]
    assert len(got) == len(want) == 8
    for one, other in zip(got, want, strict=True):
        torch.testing.assert_close(one, other)


def test_distributed_data_parallel_keeps_and_adapts_it(tmp_path: Path) -> None:
    from torch import distributed

    distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        model = two_modules()
        wrapped = nn.parallel.DistributedDataParallel(model)
        for scale in (1.0, 0.5):
            backward(wrapped, scale)
            adapt_temperatures(wrapped)
        # Before the group goes: as its last holder this would join the group's thread without letting go of the GIL,
        # which that thread may be waiting for. Seen once in four runs of all tests.
        del wrapped
    finally:
        distributed.destroy_process_group()
    assert taus(model) == [pytest.approx(3.96)]
