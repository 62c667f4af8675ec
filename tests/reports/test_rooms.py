"""Reports stand on the records alone: a fresh process shows what they bring along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import reports
from opbench.assignments import modules_assigning

FOLDER = Path(reports.__file__).parent

PROBE = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(sorted({"torch", "impls", "sweeps", "matplotlib.pyplot"} & sys.modules.keys()))
"""


def test_reports_import_neither_torch_nor_impls_nor_sweeps_nor_pyplot() -> None:
    paths = [path.relative_to(FOLDER.parent).with_suffix("") for path in FOLDER.rglob("*.py")]
    names = sorted(".".join(path.parts) for path in paths if path.stem != "__init__")
    assert len(names) > 50
    command = [sys.executable, "-c", PROBE, *names]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=FOLDER.parent)
    assert out.stdout.strip() == "[]"


def test_every_file_that_assigns_a_report_is_one_under_its_own_name() -> None:
    assigning = {path.stem for path in FOLDER.rglob("*.py") if "\nREPORT = " in path.read_text(encoding="utf-8")}
    assert assigning == modules_assigning("reports", "REPORT", below=True).keys()


def test_the_templates_and_tables_that_are_read_are_packaged_beside_the_code() -> None:
    assert {path.name for path in (FOLDER / "templates").iterdir()} == {
        *("difference.html.jinja", "history.html.jinja", "history_case.html.jinja"),
        *("live.html.jinja", "page.css", "page.html.jinja", "profile.html.jinja"),
        *("simulated_profile.html.jinja", "tabular.html.jinja"),
        "scripts",
    }
    tables = {path.name for path in (FOLDER / "models" / "reported").glob("*.csv")}
    assert tables == {"table4.csv", "table6.csv", "table7.csv"}
