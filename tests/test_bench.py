"""The gate's benchmarks themselves: each notices a wrong result, and the stand-in network is no matter of rounding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from .bench import asked, network, test_cross_hadamard, test_expansion, test_network

INPUT = torch.randn(1, 3, 56, 56, generator=torch.Generator().manual_seed(1))


def benchmarks(module: ModuleType) -> Iterator[Any]:
    """Every benchmark of the module with each of its parameters, as a function of the fixture `benchmark`."""
    for name, function in vars(module).items():
        for mark in getattr(function, "pytestmark", ()) if name.startswith("test_") else ():
            names, rows = mark.args
            for place, row in enumerate(rows):
                given = {names: row} if isinstance(names, str) else dict(zip(names, row, strict=True))
                yield pytest.param(function, given, id=f"{module.__name__.rpartition('.')[2]}-{name}-{place}")


EVERY = [one for module in (test_cross_hadamard, test_expansion, test_network) for one in benchmarks(module)]


def spoilt(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """A fixture under which the last element of what is computed is off by a thousandth of the largest one."""

    def spoil(result: Tensor) -> Tensor:
        changed = result.clone()
        changed.flatten()[-1] += 0.001 * result.abs().max()
        return changed

    found = function(*args, **kwargs)
    return tuple(map(spoil, found)) if isinstance(found, tuple) else spoil(found)


@pytest.mark.compiler
@pytest.mark.parametrize(("function", "given"), EVERY)
def test_every_benchmark_fails_where_one_element_is_wrong(function: Callable[..., None], given: dict[str, Any]) -> None:
    with torch.no_grad(), pytest.raises(AssertionError, match=r"[1-9]\d* of \d+ elements are wrong: first at \("):
        function(benchmark=spoilt, device="cpu", **given)


def test_an_answer_is_checked_once_a_run_and_another_one_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    checked: list[str] = []

    def answered(question: str, answer: Tensor, folder: Path) -> int:
        """How often it was checked, by a worker that knows nothing but the folder."""
        monkeypatch.setattr(asked, "_RIGHT", set())
        monkeypatch.setenv(asked.FOLDER, str(folder))
        before = len(checked)
        asked.once(question, [answer], lambda: checked.append(question))
        return len(checked) - before

    other_run = tmp_path / "other"
    other_run.mkdir()
    right = torch.tensor([1.0, 2.0])
    assert [answered("a", right, tmp_path) for _ in range(3)] == [1, 0, 0]
    assert answered("b", right, tmp_path) == answered("a", right + 1, tmp_path) == answered("a", right, other_run) == 1


def test_a_wrong_answer_is_not_kept_for_the_next_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def wrong() -> None:
        raise AssertionError

    monkeypatch.setenv(asked.FOLDER, str(tmp_path))
    for _ in range(2):
        with pytest.raises(AssertionError):
            asked.once("a", [torch.zeros(1)], wrong)
    assert list(tmp_path.iterdir()) == []


def test_the_stand_in_selects_by_scores_that_rounding_cannot_swap(monkeypatch: pytest.MonkeyPatch) -> None:
    margins: list[float] = []

    def margin(mixed: Tensor, eca: Tensor, k: int) -> Tensor:
        means = torch.nn.functional.conv1d(mixed.mean(dim=(2, 3))[:, None], eca, padding=2)[:, 0]
        best = means.topk(k + 1)
        margins.append(float((best.values[:, :-1] - best.values[:, 1:]).min() / means.std()))
        return best.indices[:, :k]

    monkeypatch.setattr(network, "select", margin)
    with torch.no_grad():
        network.Network().exact()(INPUT.double())
    assert len(margins) == 3
    assert min(margins) > 1e-3  # a thousand times what float32 loses on the way


def test_the_stand_in_is_the_same_in_every_process_whatever_was_drawn_before() -> None:
    torch.manual_seed(1)
    one = network.Network().state_dict()
    torch.manual_seed(2)
    other = network.Network().state_dict()
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())
