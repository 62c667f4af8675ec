"""What README and docs say is what there is: sessions, commands, files and code."""

from __future__ import annotations

import re
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from opbench import catalog
from opbench.measure.point import PointMeasurement
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Check
from opbench.vocabulary.settings import Settings

from .commands import Interpreter

ROOT = Path(__file__).parents[1]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "tests" / "README.md"])
    if path.exists() and path.name != "CHANGELOG.md"
}
EXAMPLE = "impls/cross_hadamard/backends/rows.py"
README = PAGES["README.md"]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def lines(start: str) -> list[str]:
    """Commands shown on any page that begin with these words."""
    shown = (
        line.lstrip("$ ") for text in PAGES.values() for block in blocks(text, "console") for line in block.splitlines()
    )
    return sorted({line for line in shown if line.startswith(start)})


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_every_nox_session_named_exists(page: str) -> None:
    named = set(re.findall(r"nox -s (\w+)", PAGES[page])) - {"sweep_NAME"}
    listed = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    assert {name for name in named if f"def {name}(" not in listed} == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_linked_file_and_section_exists(page: str) -> None:
    prose = re.sub(r"```.*?```", "", PAGES[page], flags=re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)]+)\)", prose) if not link.startswith("http")]
    for link in links:
        name, _, section = link.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.exists(), link
        assert not section or section in anchors(path.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("page", PAGES)
def test_every_path_named_exists(page: str) -> None:
    named = re.findall(r"`((?:opbench|impls|reports|sweeps|tests|benchmarks|docs|results)/[\w./-]+)`", PAGES[page])
    absent = [name for name in named if not (ROOT / name).exists()]
    assert [name for name in absent if not name.startswith(("results/", EXAMPLE))] == []


def test_every_page_is_linked_from_the_readme_or_a_page_that_is() -> None:
    reached, waiting = {"README.md"}, ["README.md"]
    while waiting:
        page = waiting.pop()
        for link in re.findall(r"\]\(([^)#]+\.md)", PAGES[page]):
            target = str(((ROOT / page).parent / link).resolve().relative_to(ROOT))
            if target in PAGES and target not in reached:
                reached.add(target)
                waiting.append(target)
    assert reached == set(PAGES)


@pytest.mark.parametrize("line", lines("opbench "))
def test_every_command_shown_is_one(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(line, comments=True)
    called: list[str] = []
    typed = sorted(f"{file.parent.name}.command" for file in (ROOT / "opbench" / "commands").glob("*/command.py"))
    for module in ("app", *typed):
        monkeypatch.setattr(f"opbench.commands.{module}.run_command", lambda command, *_: called.append(command))
    monkeypatch.setattr(sys, "argv", words)
    from opbench.commands.app import main

    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert called


@pytest.mark.parametrize("module", sorted({line.split()[2] for line in lines("python -m ")} - {"pip", "pytest"}))
def test_every_module_shown_exists(module: str) -> None:
    assert find_spec(module)


def briefly(**given: Any) -> Settings:
    """As asked, but for the time to sample for: no figure is looked at, and the pages' 0.2 s are for every row."""
    return Settings(**given | {"budget_s": 0.01})


@pytest.mark.parametrize("page", [page for page, text in PAGES.items() if blocks(text, "python")])
def test_the_code_of_every_page_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("opbench.custom.comparison.Settings", briefly)
    names: dict[str, Any] = {}
    for block in blocks(PAGES[page], "python"):
        exec(block, names)


def test_the_function_shown_returns_the_shapes_shown() -> None:
    (code,) = (block for block in blocks(README, "python") if "cross_hadamard(x)" in block)
    names: dict[str, torch.Tensor] = {}
    exec(code, names)
    assert names["y"].shape == (8, 2016, 14, 14)
    assert names["y"].requires_grad
    assert names["z"].shape == (8, 120, 14, 14)
    assert names["e"].shape == (8, 184, 14, 14)


HELP = """
import runpy, sys
for module in sys.argv[1:]:
    sys.argv = [module, "--help"]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        print("ended", module, ended.code)
"""
"""`python -m MODULE --help` of several modules, by one process."""


def test_every_program_of_the_networks_shown_has_help(interpreter: Interpreter) -> None:
    modules = sorted({line.split()[2] for line in lines("python -m impls.hadaptive.")})
    assert modules
    run = interpreter.run(HELP, ["-c", *modules])
    assert run.code == 0, run.stderr
    for module in modules:
        assert f"ended {module} 0\n" in run.stdout
        assert f"python -m {module}" in run.stdout


def test_the_backend_shown_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = (block for block in blocks(README, "python") if "BACKEND" in block)
    names: dict[str, Any] = {}
    exec(code, names)
    monkeypatch.setattr(catalog, "backend", lambda *_: names["BACKEND"])
    operator = catalog.operator("cross_hadamard")
    for channels in (0, 1, 2, 5, 17):
        point = Point("cross_hadamard", operator.complete(Axes({"channels": channels, "edge": 7})))
        checked = PointMeasurement(point, [Case(point, "rows")], Settings(), lambda *_: None).verify(operator)
        assert isinstance(checked["rows"], Check)


@pytest.mark.parametrize("command", ["ls", "new", "backends", "check", "sweep", "dispatch", "report", "count"])
def test_help_names_the_example_of_every_command(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["opbench", command, "--help"])
    from opbench.commands.app import main

    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert f"Example:  opbench {command}" in capsys.readouterr().out
