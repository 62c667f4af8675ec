"""Reports stand on the records alone: a fresh process shows what they bring along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import reports

FOLDER = Path(reports.__file__).parent

PROBE = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(f"reports.{name}")
print(sorted({"torch", "impls", "sweeps", "matplotlib.pyplot"} & sys.modules.keys()))
"""


def test_reports_import_neither_torch_nor_impls_nor_sweeps_nor_pyplot() -> None:
    names = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
    command = [sys.executable, "-c", PROBE, *names]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=FOLDER.parent)
    assert out.stdout.strip() == "[]"


def test_the_page_carries_its_template_and_style_beside_it() -> None:
    assert (FOLDER / "page.html.jinja").is_file()
    assert (FOLDER / "page.css").is_file()
