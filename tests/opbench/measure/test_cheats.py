"""Every backend of tests/cheats lies in its own way, and each one is caught by its own outcome."""

from __future__ import annotations

import pytest
import torch

from opbench import catalog, operator_backends
from opbench.measure import audit, point_checker
from opbench.measure.compare import poison
from opbench.measure.point import PointMeasurement
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Check, Failed, Measured, Mismatch, Outcome, Unavailable
from opbench.vocabulary.settings import Settings

QUICK = Settings(budget_s=0.01)


def outcomes(backends: list[str], mode: str = "forward", size: int = 7) -> dict[str, Outcome]:
    point = Point("liar", Axes({"size": size}), mode=mode)
    cases = [Case(point, name) for name in backends]
    operator = catalog.operator("liar")
    return PointMeasurement(point, cases, QUICK, lambda *_: None).run(operator, operator.work(point))


@pytest.mark.parametrize("mode", ["forward", "out"])
@pytest.mark.parametrize(
    "cheat", ["zeros", "nothing", "remembers", "edits", "ignores", "part", "nans", "half", "wrong_shape"]
)
def test_a_cheat_is_a_mismatch_and_is_not_timed(liar: str, cheat: str, mode: str) -> None:
    if (cheat, mode) == ("wrong_shape", "out"):
        pytest.skip("in mode out the harness owns the tensor, so its shape cannot be wrong")
    assert isinstance(outcomes([cheat, "honest"], mode)[cheat], Mismatch)


@pytest.mark.parametrize("mode", ["forward", "out"])
def test_the_honest_backend_is_measured_beside_cheats(liar: str, mode: str) -> None:
    found = outcomes(["edits", "nothing", "honest", "raises"], mode)["honest"]
    assert isinstance(found, Measured)
    assert found.check.misses == 0


def test_memory_that_a_right_neighbour_left_behind_does_not_pass(liar: str) -> None:
    found = outcomes(["honest", "nothing"], size=100_003)["nothing"]
    assert isinstance(found, Mismatch)


@pytest.mark.parametrize(("elements", "blocks"), [(0, 8), (1, 8), (100_003, 8), (7 << 20, 2)])
def test_several_blocks_are_poisoned_at_a_time(elements: int, blocks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One block alone may not be the one that the next output is made in."""
    alive: list[torch.Tensor] = []

    def keep(block: torch.Tensor) -> torch.Tensor:
        alive.append(poison(block))
        return block

    monkeypatch.setattr(point_checker, "poison", keep)
    point_checker.poison_free_memory(elements, torch.float32, "cpu")
    assert len(alive) == blocks
    assert all(one.isnan().all() for one in alive)
    assert not elements or len({one.data_ptr() for one in alive}) == blocks


def test_a_kept_result_is_named_as_such(liar: str) -> None:
    found = outcomes(["remembers"])["remembers"]
    assert isinstance(found, Mismatch)
    assert "after its input was changed" in found.check.detail


def test_a_changed_input_is_named(liar: str) -> None:
    found = outcomes(["edits"])["edits"]
    assert isinstance(found, Mismatch)
    assert "changed its input x" in found.check.detail


def test_an_exception_is_one_line_with_its_phase(liar: str) -> None:
    assert outcomes(["raises"])["raises"] == Failed("check", "RuntimeError: no kernel image is available")


def test_a_backend_that_raises_while_timed_costs_only_itself(liar: str) -> None:
    found = outcomes(["honest", "late"])
    assert isinstance(found["late"], Failed)
    assert isinstance(found["honest"], Measured)


def test_a_missing_library_is_unavailable_with_its_name(liar: str) -> None:
    assert outcomes(["missing"])["missing"] == Unavailable("cupy_of_the_future is not installed")


def test_an_unknown_missing_module_is_our_bug(liar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator_backends, "OPTIONAL", frozenset[str]())
    with pytest.raises(ModuleNotFoundError):
        catalog.backend("liar", "missing")


def test_check_alone_times_nothing(liar: str) -> None:
    point = Point("liar", Axes({"size": 7}))
    cases = [Case(point, name) for name in ("honest", "zeros")]
    found = PointMeasurement(point, cases, QUICK, lambda *_: None).verify(catalog.operator("liar"))
    assert isinstance(found["honest"], Check)
    assert isinstance(found["zeros"], Mismatch)


LATE = ["zeros_later", "by_stack", "every_third", "half_later", "late_thread"]


@pytest.mark.parametrize("mode", ["forward", "out"])
@pytest.mark.parametrize("cheat", ["two_results", "by_frames"])
def test_inputs_are_drawn_after_preparing_and_their_reference_after_the_call(liar: str, cheat: str, mode: str) -> None:
    found = outcomes([cheat, "honest"], mode, 1009)
    caught = found[cheat]
    assert isinstance(caught, Mismatch)
    assert caught.check.detail.startswith("after its input was changed: ")
    assert isinstance(found["honest"], Measured)


@pytest.mark.parametrize("cheat", [*LATE, "one_buffer"])
def test_what_is_wrong_only_while_it_is_timed_is_a_mismatch_too(liar: str, cheat: str) -> None:
    found = outcomes([cheat, "honest"], size=1009)
    caught = found[cheat]
    assert isinstance(caught, Mismatch)
    assert caught.check.detail.startswith("in a timed call: ")
    assert isinstance(found["honest"], Measured)


@pytest.mark.parametrize("cheat", LATE)
def test_the_harness_own_output_is_looked_at_too(liar: str, cheat: str) -> None:
    assert isinstance(outcomes([cheat], "out", 1009)[cheat], Mismatch)


def test_who_is_trusted_is_not_looked_at_and_the_record_says_so(liar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "EARLY_SHARE", 1e9)  # as many looks as are enough, however slow this machine is
    point = Point("liar", Axes({"size": 7}))
    operator = catalog.operator("liar")
    settings = Settings(budget_s=0.01, trusting=True)
    measurement = PointMeasurement(point, [Case(point, "zeros_later")], settings, lambda *_: None)
    trusted = measurement.run(operator, operator.work(point))["zeros_later"]
    assert isinstance(trusted, Measured)
    assert trusted.looks == 0
    looked_at = outcomes(["honest"])["honest"]
    assert isinstance(looked_at, Measured)
    assert looked_at.looks >= 3
