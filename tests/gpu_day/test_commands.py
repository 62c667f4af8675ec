"""Every command line of a day is one that its program takes: there is no time on the device for a typing error."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.gpu_day import parsed, sectors, tuning
from benchmarks.gpu_day.steps import STEPS, Command
from opbench import catalog
from opbench.cli import options
from opbench.errors import UsageError
from opbench.planning.plan import plan

OUT = Path("out")
ROOT = Path(__file__).parents[2]
COMMANDS = {f"{step.name} {command.name}": command for step in STEPS for command in step.commands(OUT)}
OURS = {name: command for name, command in COMMANDS.items() if command.words[2] == "opbench"}


def sweeps() -> Iterator[tuple[str, Command]]:
    return ((name, command) for name, command in OURS.items() if command.words[3] == "sweep")


def given(words: tuple[str, ...], option: str) -> str | None:
    return words[words.index(option) + 1] if option in words else None


@pytest.mark.parametrize("name", OURS)
def test_the_command_line_takes_every_option_that_is_given(name: str) -> None:
    parsed.parse(COMMANDS[name].words[3:])


@pytest.mark.parametrize("words", [["swep", "grid"], ["gate", "--calibrat"], ["ceilings", "--again", "x"], ["check"]])
def test_words_that_no_command_takes_are_refused(words: list[str]) -> None:
    with pytest.raises(UsageError):
        parsed.parse(words)


@pytest.mark.parametrize(("name", "command"), list(sweeps()))
def test_every_sweep_plans_points_on_a_gpu(name: str, command: Command) -> None:
    words = command.words[3:]
    names = ("--operator", "--backend", "--mode")
    axes = {word[2:]: words[words.index(word) + 1] for word in ("--batch", "--channels", "--edge") if word in words}
    extra = options.split("sweep", [part for axis, value in axes.items() for part in (f"--{axis}", value)], needed=0)[1]
    operator, backend, mode = (given(words, option) for option in names)
    by = options.narrowing(extra, operator, backend, None, mode)
    planned = plan(catalog.sweep(words[1]).narrowed(by), "cuda", "cuda_events:warm")
    assert (
        len(planned) == {"schedules sweep": 12, "networks products": 6, "networks runtimes": 6, "grid sweep": 48}[name]
    )
    wanted = set((backend or "").split(","))
    assert wanted == planned.backends


@pytest.mark.parametrize("name", COMMANDS)
def test_every_module_and_every_test_file_that_is_named_is_there(name: str) -> None:
    words = COMMANDS[name].words
    if words[1] == "-c":
        compile(words[2], name, "exec")
        return
    assert importlib.util.find_spec(words[2]) is not None
    files = [word for word in words[3:] if word.startswith("tests/")]
    assert all((ROOT / file).exists() for file in files)
    assert files or words[2] != "pytest"


def test_nothing_of_a_day_imports_what_only_developers_have() -> None:
    for file in (ROOT / "benchmarks" / "gpu_day").glob("*.py"):
        tree = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        named = [one.names[0].name if isinstance(one, ast.Import) else one.module or "" for one in tree
                 if isinstance(one, ast.Import | ast.ImportFrom)]  # fmt: skip
        assert not {name.partition(".")[0] for name in named} & {"fvcore", "nox", "mypy", "hypothesis"}, file


NCU = """==PROF== Connected
"ID","Kernel Name","{}","{}","{}","{}"
"","","sector","sector","sector","sector"
"0","opbench::direct","1,234","5","7","11"
"1","opbench::flat","13","17","19","23"
==PROF== Disconnected
"""


def test_sectors_are_read_by_name_from_every_launch_that_ncu_lists() -> None:
    text = NCU.format(*reversed(sectors.METRICS))
    rows = sectors.read(text)
    assert rows[0] == {"ncu_l2_written": 1234, "ncu_l2_read": 5, "ncu_written": 7, "ncu_read": 11}
    assert len(rows) == 2
    assert sectors.read("==ERROR== ERR_NVGPUCTRPERM") == []
    assert sectors.read(text.replace("lts__", "other__")) == []


def test_constants_are_others_during_a_launch_and_as_they_were_after_it() -> None:
    from impls.cross_hadamard.gpu import launch_plan

    before = launch_plan.RESIDENT
    seen = tuning.with_constants(launch_plan, {"RESIDENT": 7}, lambda: launch_plan.RESIDENT)
    assert (seen, launch_plan.RESIDENT) == (7, before)
