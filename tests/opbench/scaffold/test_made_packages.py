"""What `opbench new` writes passes its own tests as written, is listed once it is installed, and is measured.

One process does it all, as PyTorch takes two seconds to import.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from opbench.commands import new

ROOT = Path(__file__).parents[3]

MADE = {
    "operator": ("gated", "opbench-gated"),
    "backend": ("cross_hadamard.slices", "opbench-cross-hadamard-slices"),
    "sweep": ("plane", "opbench-plane-sweep"),
    "report": ("steadiness", "opbench-steadiness-report"),
}

USE = """
import contextlib, io, json, sys
import pytest
results, *folders = sys.argv[1:]
tested = {}
for folder in folders:
    with contextlib.redirect_stdout(sys.stderr):
        tested[folder.rpartition("/")[2]] = int(pytest.main(["-q", "-p", "no:cacheprovider", folder]))

from opbench import catalog
from opbench.commands.app import main
from opbench.plugin_problems import plugin_problems
listed = {
    "operators": list(catalog.operators()),
    "backends": catalog.backend_names("cross_hadamard"),
    "sweeps": list(catalog.sweeps()),
    "reports": list(catalog.reports()),
    "problems": plugin_problems(),
}
sys.argv = ["opbench", "sweep", "gated", "--rows", "3", "--hidden", "131", "--budget", "0.01", "--results", results]
sys.argv += ["--device", "cpu", "--json"]
printed = io.StringIO()
try:
    with contextlib.redirect_stdout(printed):
        main()
except SystemExit as ended:
    records = [json.loads(line) for line in printed.getvalue().splitlines()]
    print(json.dumps({"tested": tested, "listed": listed, "code": ended.code, "records": records}))
"""


def installed(folder: Path, site: Path) -> None:
    """What pip would write of an editable package: its metadata, and where its modules are (here, PYTHONPATH)."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    about = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {module}" for name, module in entries.items())]
    (about / "entry_points.txt").write_text("\n".join(lines))


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> tuple[Mapping[str, Any], Path]:
    folder = tmp_path_factory.mktemp("made")
    site = tmp_path_factory.mktemp("site")
    for kind, (name, distribution) in MADE.items():
        assert new.run(kind, name, folder) == 0
        installed(folder / distribution, site)
    folders = [str(folder / distribution) for _, distribution in MADE.values()]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), *folders, str(ROOT)])}
    command = [sys.executable, "-c", USE, str(folder / "results"), *folders]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout), folder


def test_every_package_passes_its_own_tests(used: tuple[Mapping[str, Any], Path]) -> None:
    found, _ = used
    assert found["tested"] == {distribution: 0 for _, distribution in MADE.values()}


def test_every_package_is_listed(used: tuple[Mapping[str, Any], Path]) -> None:
    listed = used[0]["listed"]
    assert "gated" in listed["operators"]
    assert "slices" in listed["backends"]
    assert {"gated", "plane"} <= set(listed["sweeps"])
    assert "steadiness" in listed["reports"]
    assert listed["problems"] == []


def test_the_operator_is_measured_and_the_report_is_made_of_it(used: tuple[Mapping[str, Any], Path]) -> None:
    found, folder = used
    assert found["code"] == 0
    outcomes = {record["case"]["backend"]: record["outcome"]["kind"] for record in found["records"]}
    assert outcomes == {"torch_eager": "measured", "torch_inplace": "measured"}
    (run,) = (folder / "results" / "gated").iterdir()
    assert (run / "figures" / "steadiness.svg").is_file()
    assert len((run / "tables" / "steadiness.csv").read_text(encoding="utf-8").splitlines()) == 3
