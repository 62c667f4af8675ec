"""What is no Python and belongs to a package is in the wheel: kernels' sources, templates, tables."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = "opbench", "impls", "sweeps", "reports"
NO_DATA = {".py", ".pyc", ".md"}


def test_every_file_beside_the_code_is_named_by_package_data() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    told = project["tool"]["setuptools"]["package-data"]
    packed = {
        file for name, globs in told.items() for glob in globs for file in (ROOT / name.replace(".", "/")).glob(glob)
    }
    files = {file for name in PACKAGES for file in (ROOT / name).rglob("*") if file.is_file()}
    data = {file for file in files if file.suffix not in NO_DATA}
    assert data
    assert data - packed == set()
