"""Every schedule of the cheats' kinds is a cheat of its own; none of them ends as a figure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import import_module

import pytest
import torch

from opbench import catalog
from opbench.measure import audit, output_samples, point
from opbench.measure.point import PointMeasurement
from opbench.measure.tamper_guard import Guard
from opbench.measure.timing import wall
from opbench.vocabulary.backend import Backend
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Failed, Measured, Mismatch, Outcome
from opbench.vocabulary.settings import Settings

from ...cheats.liar import (
    counting,
    editing,
    gradients,
    keeping,
    patching,
    reading,
    returning,
    rounding,
    skipping,
    telling,
)

TIMED = ("bytes", "comparing", "total")
"""Right in every call; only what they take tells that they keep results."""


def cheats_of(module: object, *, but: tuple[str, ...] = ()) -> list[str]:
    backend: Backend = vars(module)["BACKEND"]
    name = vars(module)["__name__"].rpartition(".")[2]
    return [f"{name}:{one}" for one in backend.schedules if one not in but]


FORWARD = [
    *(one for kind in (counting, telling, reading, returning, skipping, rounding, editing) for one in cheats_of(kind)),
    *cheats_of(keeping, but=(*TIMED, "already_there")),
]
OUT = [
    *(one for kind in (counting, skipping, rounding) for one in cheats_of(kind)),
    *cheats_of(keeping, but=(*TIMED, "two_buffers", "many_buffers", "hidden_buffers", "viewed_buffers")),
]


@pytest.fixture(autouse=True)
def _thorough(monkeypatch: pytest.MonkeyPatch) -> None:
    """All rounds are kept and many compared, so that a cheat which is right now and then has no luck."""
    for name, value in (("CHANCE", 0.5), ("SHARE", 1e9), ("EARLY_SHARE", 1e9), ("ENOUGH", 12), ("MOST", 12)):
        monkeypatch.setattr(audit, name, value)


def outcomes(
    backends: list[str], mode: str = "forward", size: int = 1009, budget_s: float = 0.01
) -> dict[str, Outcome]:
    point = Point("liar", Axes({"size": size}), mode=mode)
    operator = catalog.operator("liar")
    cases = [Case(point, name) for name in backends]
    settings = Settings(budget_s=budget_s)
    return PointMeasurement(point, cases, settings, lambda *_: None).run(operator, operator.work(point))


def test_there_are_many() -> None:
    kinds = (counting, editing, gradients, keeping, patching, reading, returning, rounding, skipping, telling)
    assert sum(len(cheats_of(one)) for one in kinds) >= 90


@pytest.mark.parametrize("cheat", FORWARD)
def test_a_cheat_has_no_figure_and_its_rival_has_one(liar: str, cheat: str) -> None:
    found = outcomes([cheat, "honest"])
    assert isinstance(found[cheat], Mismatch), found[cheat]
    if cheat != "editing:hidden_offset":  # whoever changed that is not known
        assert isinstance(found["honest"], Measured), found["honest"]


@pytest.mark.parametrize("cheat", OUT)
def test_nor_has_one_that_writes_into_a_given_output(liar: str, cheat: str) -> None:
    assert isinstance(outcomes([cheat], "out")[cheat], Mismatch)


@pytest.mark.parametrize("cheat", cheats_of(gradients, but=("honest",)))
def test_nor_has_one_whose_gradients_cost_nothing(liar: str, cheat: str) -> None:
    found = outcomes([cheat, "gradients:honest"], "backward")
    assert isinstance(found[cheat], Mismatch)
    assert isinstance(found["gradients:honest"], Measured)


@pytest.mark.parametrize("cheat", ["skipping:stripe", "skipping:last", "skipping:one_in_97", "rounding:bfloat16"])
def test_nor_has_one_whose_output_is_too_large_to_be_looked_at_whole(
    liar: str, cheat: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST", 3)
    monkeypatch.setattr(audit, "ENOUGH", 3)
    monkeypatch.setattr(output_samples, "ELEMENTS", 1 << 12)  # a sixteenth, of an output that is one of the usual too
    monkeypatch.setattr(output_samples, "EDGE", 1 << 6)
    assert isinstance(outcomes([cheat], size=12_503)[cheat], Mismatch)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that the cheats' calls move and nothing else."""
    spent_s = import_module("cheats.behaving").spent_s
    monkeypatch.setattr(wall, "perf_counter", spent_s)
    monkeypatch.setattr(point, "Audit", partial(audit.Audit, now=spent_s))
    monkeypatch.setattr(point.PointMeasurement, "_outcome", _as_if_quiet)


def _as_if_quiet(self: PointMeasurement, *given: object, _plain: object = PointMeasurement._outcome) -> Outcome:
    label, samples, _, looking = given
    return _plain(self, label, samples, "", looking)  # type: ignore[operator,no-any-return]


@pytest.mark.parametrize("cheat", TIMED)
@pytest.mark.parametrize("mode", ["forward", "out"])
def test_nor_has_one_that_keeps_results_and_reads_all_of_its_input(
    liar: str, cheat: str, mode: str, scripted: None
) -> None:
    found = outcomes([f"keeping:{cheat}"], mode)[f"keeping:{cheat}"]
    assert isinstance(found, Mismatch)
    assert "it keeps results" in found.check.detail


@pytest.fixture
def unpatched() -> Iterator[None]:
    """Fails where anything that measuring goes by is changed in the end."""
    before = Guard()
    yield
    torch.set_flush_denormal(False)
    before.check()


@pytest.mark.parametrize("cheat", cheats_of(patching))
def test_who_changes_what_it_is_measured_with_fails_and_it_is_put_back(liar: str, cheat: str, unpatched: None) -> None:
    found = outcomes([cheat, "honest"])[cheat]
    assert isinstance(found, Failed | Mismatch)
    text = found.reason if isinstance(found, Failed) else found.check.detail
    assert "changed" in text or "read-only" in text
