"""The C++ core stands alone, and a library is built anew whenever a file that it is made of changes."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from impls.cross_hadamard import cpp_kernels
from impls.cross_hadamard.cpp_kernels import CORE, IN_VARIANTS
from impls.cxx import compiler
from impls.exported.library import SEEN, SOURCES
from impls.inference import library as inference

pytestmark = pytest.mark.compiler


def included(units: Sequence[Path], *flags: str) -> set[Path]:
    """The units and every file that they include, the system's left out."""
    command = [compiler() or "c++", "-std=c++17", "-MM", *flags, *map(str, units)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    names = [word for word in printed.replace("\\\n", " ").split() if not word.endswith(":")]
    return {Path(name).resolve() for name in names}


def units(files: Sequence[Path]) -> list[Path]:
    return [file for file in files if file.suffix == ".cpp"]


def test_every_header_of_the_core_compiles_without_a_runtime_and_includes_only_the_core(tmp_path: Path) -> None:
    """No folder of PyTorch's or ONNX Runtime's headers is searched here, so including one would fail."""
    every = tmp_path / "every.cpp"
    every.write_text("".join(f'#include "{file}"\n' for file in CORE), encoding="utf-8")
    assert included([every], "-DOPBENCH_VARIANT=alone") - {every} == set(CORE)
    command = [compiler() or "c++", "-std=c++17", "-fsyntax-only", "-DOPBENCH_VARIANT=alone", str(every)]
    assert subprocess.run(command, check=False).returncode == 0


def test_the_key_of_the_library_for_onnx_runtime_covers_every_file_it_includes() -> None:
    assert included(units(SOURCES)) <= {*SOURCES, *SEEN}


def test_the_key_of_the_extension_covers_every_file_that_its_variants_include() -> None:
    assert included(units(IN_VARIANTS), "-DOPBENCH_VARIANT=one") <= {*cpp_kernels.SOURCES, *IN_VARIANTS}


def test_the_key_of_the_library_of_layers_covers_every_file_it_includes() -> None:
    kinds = inference.UNITS, inference.IN_VARIANTS
    found = included(kinds[0]) | included(kinds[1], "-DOPBENCH_VARIANT=one")
    assert found <= {path.resolve() for path in (*kinds[0], *kinds[1], *inference.SEEN)}
