"""What is typed reaches the work of a command as it was meant, with what was left out filled in."""

from __future__ import annotations

import signal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from opbench.commands.bisect.run import BisectOptions
from opbench.commands.compare.environments import EnvironmentOptions
from opbench.commands.history.alarms import AlarmOptions
from opbench.commands.history.into import Into
from opbench.commands.invocation import stop
from opbench.history.confirming.question import Measuring
from opbench.vocabulary.sweep import Narrowing

from .typed import Typing

HISTORY, RESULTS = Path("history"), Path("results")

PLAIN: dict[str, tuple[str, tuple[Any, ...]]] = {
    "watch": ("watch.run", ((), RESULTS, False, False)),
    "watch a b/c --once --json": ("watch.run", (("a", "b/c"), RESULTS, True, True)),
    "history add a b --history h --machine box --repository . --commit 0123abc": (
        "history.add",
        (("a", "b"), Into(Path("h"), "box", Path(), "0123abc"), RESULTS, False),
    ),
    "history ls --json": ("history.listing", (HISTORY, True)),
    "history page --to site --control fill,copy": (
        "history.page",
        (HISTORY, Path("site"), None, "", ("fill", "copy"), False),
    ),
    "history export --format asv --to out": ("history.export", (HISTORY, Path("out"), "asv", None)),
    "new operator gated --into there --triton": ("new", ("operator", "gated", Path("there"), True)),
    "dispatch grid": ("dispatch", ("grid", RESULTS, None, False)),
    "compare a b --page p.html": ("compare.run", (("a", "b"), Path("p.html"), RESULTS, False)),
    "roofline channels --across --run r --ceilings h.json --ceilings a.json": (
        "roofline.cross_device",
        ("r", Narrowing(), (Path("h.json"), Path("a.json")), RESULTS, False),
    ),
    "roofline channels --channels 3,17 --ceilings h.json --run r --dtype float32": (
        "roofline.run",
        (
            "channels",
            Narrowing(axes={"channels": (3, 17)}, dtypes=("float32",)),
            Path("h.json"),
            "r",
            None,
            RESULTS,
            False,
        ),
    ),
    "compare fill --with torch==2.11 --with torch==2.13 --kib 1 --tolerance 5%": (
        "compare.environments",
        (
            EnvironmentOptions(
                name="fill",
                by=Narrowing(axes={"kib": (1,)}),
                pythons=(),
                installs=("torch==2.11", "torch==2.13"),
                device="auto",
                threads=1,
                tolerance="5%",
                page=None,
                results=RESULTS,
                time_limit_s=120.0,
                wait=True,
                as_json=False,
            ),
        ),
    ),
    "bisect t.py::t --good v1 --bad main --first-parent --threads 2 --again": (
        "bisect.run",
        (BisectOptions("t.py::t", "v1", "main", first_parent=True, again=True, measuring=Measuring(threads=2)),),
    ),
    "bisect t.py::t --history h --tolerance 4% --operators own.py --no-wait": (
        "bisect.run",
        (
            BisectOptions(
                "t.py::t",
                history=Path("h"),
                measuring=Measuring(declaring=("own.py",), tolerance=0.04, wait=False),
            ),
        ),
    ),
    "history alarms --newest 7 --control fill": ("history.alarms", (AlarmOptions(HISTORY, 7, controls=("fill",)),)),
    "history alarms there --confirm --tolerance 0.02 --install . --markdown": (
        "history.alarms",
        (
            AlarmOptions(
                Path("there"), confirm=True, measuring=Measuring(install=".", tolerance=0.02), markdown=True
            ),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("line", PLAIN)
def test_a_line_means_what_its_command_is_given(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command, given = PLAIN[line]
    called: list[tuple[Any, ...]] = []

    def noted(*args: Any) -> int:
        called.append(args)
        return 7

    monkeypatch.setattr(import_module(f"opbench.commands.{command}"), "run", noted)
    assert Typing(monkeypatch, capsys)(*line.split()).code == 7
    assert called == [given]


@pytest.mark.parametrize("words", ["--backend rows", "--threads 2", "--channels 3"])
def test_runs_that_there_are_take_no_option_of_measuring(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = Typing(monkeypatch, capsys)("compare", "a", "b", *words.split())
    assert ended.code == 2
    assert f"{words.split(maxsplit=1)[0]} goes with two environments" in ended.stderr


TERMINATED = signal.getsignal(signal.SIGTERM)


@pytest.mark.parametrize("again", [1, 2])
def test_what_a_command_does_with_signals_ends_with_its_test(
    again: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert signal.getsignal(signal.SIGTERM) is TERMINATED
    assert Typing(monkeypatch, capsys)("watch", "--results", str(tmp_path)).code == 2
    assert signal.getsignal(signal.SIGTERM) is stop
