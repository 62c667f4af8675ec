"""What `opbench new` writes passes its own tests as written, is listed once it is installed, and is measured.

Their tests run in one process, forked from one that has imported PyTorch.
"""

from __future__ import annotations

import json
import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from opbench import catalog, plugins
from opbench.commands import new
from opbench.commands.app import main
from opbench.looks import looks

from ...commands import Interpreter

ROOT = Path(__file__).parents[3]

MADE = {
    "opbench-gated": ("operator", "gated"),
    "opbench-cross-hadamard-slices": ("backend", "cross_hadamard.slices"),
    "opbench-cross-hadamard-rows": ("backend", "cross_hadamard.rows", "--triton"),
    "opbench-plane-sweep": ("sweep", "plane"),
    "opbench-steadiness-report": ("report", "steadiness"),
}
"""By distribution: kind, name and options."""

USE = """
import contextlib, json, sys
import pytest
tested = {}
for folder in sys.argv[1:]:
    with contextlib.redirect_stdout(sys.stderr):
        tested[folder.rpartition("/")[2]] = int(pytest.main(["-q", "-p", "no:cacheprovider", folder]))

from opbench import catalog
from opbench.looks import looks
from opbench.plugin_problems import plugin_problems
listed = {
    "operators": list(catalog.operators()),
    "backends": catalog.backend_names("cross_hadamard"),
    "sweeps": list(catalog.sweeps()),
    "reports": list(catalog.reports()),
    "look": looks().get("slices"),
    "problems": plugin_problems(),
}
print(json.dumps({"tested": tested, "listed": listed}))
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
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Where the packages and what pip would know of them are, for PYTHONPATH."""
    folder = tmp_path_factory.mktemp("made")
    site = tmp_path_factory.mktemp("site")
    for distribution, (kind, name, *options) in MADE.items():
        assert new.run(kind, name, folder, triton="--triton" in options) == 0
        installed(folder / distribution, site)
    return [str(folder / distribution) for distribution in MADE] + [str(site)]


@pytest.fixture(scope="module")
def used(paths: list[str], interpreter: Interpreter) -> Mapping[str, Any]:
    environment = {"PYTHONPATH": os.pathsep.join([*paths, str(ROOT)]), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ended = interpreter.run(USE, ["-c", *paths[:-1]], environment, Path(paths[-1]))
    assert ended.code == 0, ended.stdout + ended.stderr
    found: Mapping[str, Any] = json.loads(ended.stdout)
    return found


@pytest.fixture
def here(paths: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The packages installed for this process, and for those that it starts."""
    caches = (catalog.operators, catalog.sweeps, catalog.reports, plugins.announced, plugins.entry_points, looks)
    for path in paths:
        monkeypatch.syspath_prepend(path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths), prepend=os.pathsep)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0].startswith("opbench_")]:
        del sys.modules[name]


def test_every_package_passes_its_own_tests(used: Mapping[str, Any]) -> None:
    assert used["tested"] == dict.fromkeys(MADE, 0)


def test_every_package_is_listed(used: Mapping[str, Any]) -> None:
    listed = used["listed"]
    assert "gated" in listed["operators"]
    assert {"slices", "rows"} <= set(listed["backends"])
    assert {"gated", "plane"} <= set(listed["sweeps"])
    assert "steadiness" in listed["reports"]
    assert listed["look"] == ["#117733", "h"]
    assert listed["problems"] == []


def test_the_operator_is_measured_and_the_report_is_made_of_it(
    here: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sweep", "gated", "--rows", "3", "--hidden", "131", "--budget", "0.01", "--device", "cpu", "--json"]
    monkeypatch.setattr(sys, "argv", ["opbench", *words, "--results", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    outcomes = {record["case"]["backend"]: record["outcome"]["kind"] for record in records}
    assert outcomes == {"torch_eager": "measured", "torch_inplace": "measured"}
    (run,) = (tmp_path / "gated").iterdir()
    assert (run / "figures" / "steadiness.svg").is_file()
    assert len((run / "tables" / "steadiness.csv").read_text(encoding="utf-8").splitlines()) == 3
