"""The examples are right at their check points, simulated where they are for a GPU, and as short as they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def checked(*words: str) -> str:
    command = [sys.executable, "-m", "opbench", "check", *words]
    environment = os.environ | {"TRITON_INTERPRET": "1"}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.compiler
def test_a_kernel_of_ones_own_is_checked_with_and_without_a_gpu() -> None:
    pytest.importorskip("triton", reason="triton is not installed")
    assert "3 points: compiled 3 passed, eager 3 passed" in checked("examples/rmsnorm.py")
    assert "3 points simulated: triton 3 passed" in checked("examples/rmsnorm.py", "--simulate")


def test_two_algorithms_are_held_against_each_other() -> None:
    found = checked("examples/walsh_hadamard.py", "--order", "1,2,64")
    assert "butterfly 3 passed, eager 3 passed, prepared 3 passed" in found


@pytest.mark.compiler
def test_an_extension_of_ones_own_is_built_and_checked() -> None:
    assert "3 points: eager 3 passed, mine 3 passed" in checked("examples/softmax_cpp.py")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_a_page_long(example: Path) -> None:
    assert len(example.read_text(encoding="utf-8").splitlines()) <= 45
