"""What the README says is what there is: its sessions, commands, files and code."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from opbench import catalog
from opbench.backend import Backend
from opbench.case import Axes, Case, Point
from opbench.measuring import PointMeasurement
from opbench.record import Check
from opbench.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_every_nox_session_named_exists() -> None:
    named = set(re.findall(r"nox -s (\w+)", README)) - {"sweep_NAME"}
    listed = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    assert named
    assert {name for name in named if f"def {name}(" not in listed} == set()


def test_every_linked_file_exists() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize(
    "line", [line for block in blocks("console") for line in block.splitlines() if "opbench" in line]
)
def test_every_command_shown_is_one(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(line.lstrip("$ "), comments=True)
    called: list[str] = []
    monkeypatch.setattr("opbench.cli._run", lambda command, *_: called.append(command))
    monkeypatch.setattr(sys, "argv", words)
    from opbench.cli import main

    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert called


def test_the_function_shown_returns_the_shapes_shown() -> None:
    (code,) = (block for block in blocks("python") if "cross_hadamard(x)" in block)
    names: dict[str, torch.Tensor] = {}
    exec(code, names)
    assert names["y"].shape == (8, 2016, 14, 14)
    assert names["y"].requires_grad
    assert names["z"].shape == (8, 120, 14, 14)
    assert names["e"].shape == (8, 184, 14, 14)


def test_the_network_shown_gives_the_scores_shown() -> None:
    (code,) = (block for block in blocks("python") if "hadaptive_net_s" in block)
    names: dict[str, torch.Tensor] = {}
    exec(code, names)
    assert names["scores"].shape == (1, 10)


HELP = """
import runpy, sys
for module in sys.argv[1:]:
    sys.argv = [module, "--help"]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        print("ended", module, ended.code)
"""
"""`python -m MODULE --help` of several modules, by one process that imports PyTorch once."""


def test_every_module_shown_is_a_command_with_help() -> None:
    modules = sorted(set(re.findall(r"python -m (impls\.hadaptive\.\w+)", README)))
    assert modules
    run = subprocess.run([sys.executable, "-c", HELP, *modules], capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode == 0, run.stderr
    for module in modules:
        assert f"ended {module} 0\n" in run.stdout
        assert f"python -m {module}" in run.stdout


def test_the_backend_shown_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = (block for block in blocks("python") if "BACKEND" in block)
    names: dict[str, Backend] = {}
    exec(code, names)
    monkeypatch.setattr(catalog, "backend", lambda *_: names["BACKEND"])
    operator = catalog.operator("cross_hadamard")
    for channels in (0, 1, 2, 5, 17):
        point = Point("cross_hadamard", operator.complete(Axes({"channels": channels, "edge": 7})))
        found = PointMeasurement(point, [Case(point, "rows")], Settings(), lambda *_: None).verify(operator)
        assert isinstance(found["rows"], Check)


def test_help_names_the_example_of_every_command() -> None:
    for command in ("ls", "backends", "check", "sweep", "dispatch", "report", "count"):
        words = [sys.executable, "-m", "opbench", command, "--help"]
        run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
        assert f"Example:  opbench {command}" in run.stdout
