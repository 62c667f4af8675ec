"""`opbench check --limit`, the whole way: what is quicker than the machine can be fails, and nothing else is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from opbench.ceilings import storage
from opbench.commands import check
from opbench.errors import MachineError
from opbench.process.environment import describe

from ...cheats.behaving import SCRIPTED
from ..ceilings.ceilings_builders import MACHINE, flat

SIZE: dict[str, tuple[int, ...]] = {"size": (500_009,)}


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty one, and ceilings that are measured again say nothing new."""
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("opbench.ceilings.validation.ceiling_tasks", lambda *_: [])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the measuring processes: a call takes 1 ms, of one that is too quick 1 us, where 4 us are the limit."""
    monkeypatch.setenv(SCRIPTED, "1")


def keep_ceilings() -> None:
    """Of a machine that reads and writes 1 TB/s."""
    fast = {kind: {4096: flat(1e12)} for kind in ("read", "write", "copy")}
    chains = {"multiply_add": {"float32": flat(1e14)}}
    environment = storage.machine_identity(describe("cpu"))
    costs = {"call": flat(1e-9)}
    storage.keep(replace(MACHINE, environment=environment, bandwidth=fast, arithmetic=chains, costs=costs))


def checked(backends: str, given: dict[str, tuple[int, ...]] = SIZE) -> int:
    return check.run(
        "liar",
        given,
        backends,
        "float32",
        "forward",
        "cpu",
        simulate="",
        architecture="",
        limit=True,
        wait=True,
        as_json=False,
    )


@pytest.mark.usefixtures("liar", "cache", "clock")
def test_a_backend_that_is_too_quick_fails_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    keep_ceilings()
    assert checked("too_quick,honest") == 1
    said = capsys.readouterr().out
    assert "too_quick 1 passed, honest 1 passed" in said
    assert "too_quick: IMPOSSIBLE" in said
    assert "work is skipped" in said
    assert "honest: IMPOSSIBLE" not in said


@pytest.mark.usefixtures("liar", "cache", "clock")
def test_one_that_does_the_work_passes() -> None:
    keep_ceilings()
    assert checked("honest") == 0


@pytest.mark.usefixtures("liar", "cache", "clock")
def test_one_that_fails_only_while_timed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    keep_ceilings()
    assert checked("late,honest") == 1
    assert "late, timed:" in capsys.readouterr().out


@pytest.mark.usefixtures("liar", "cache")
def test_without_ceilings_the_check_is_still_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MachineError, match="opbench ceilings"):
        checked("honest", {"size": (7,)})
    assert "honest 1 passed" in capsys.readouterr().out


@pytest.mark.usefixtures("liar", "cache")
def test_without_ceilings_a_wrong_backend_stays_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert checked("zeros", {"size": (7,)}) == 1
    assert "opbench ceilings" in capsys.readouterr().err
