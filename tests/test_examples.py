"""The examples are right at their check points, simulated where they are for a GPU, and as short as they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from .commands import Interpreter

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


SMALL = ("--rows", "1,3", "--hidden", "1,131")
"""A program is a row: 256 of them, as at the example's default, would show nothing more and take 4 s simulated."""

CHECKS = {
    "rmsnorm": ("examples/rmsnorm.py",),
    "rmsnorm simulated": ("examples/rmsnorm.py", "--simulate", *SMALL),
    "rmsnorm compiled for a GPU": ("examples/rmsnorm.py", "--simulate=ptx", *SMALL),
    "walsh_hadamard": ("examples/walsh_hadamard.py", "--order", "1,2,64"),
    "softmax_cpp": ("examples/softmax_cpp.py",),
}


def assert_right(interpreter: Interpreter, example: str, says: str) -> None:
    check = interpreter.opbench(["check", *CHECKS[example]], {"TRITON_INTERPRET": "1"})
    assert check.code == 0, check.stdout + check.stderr
    assert says in check.stdout


@pytest.mark.compiler
def test_a_kernel_of_ones_own_is_checked_with_and_without_a_gpu(interpreter: Interpreter) -> None:
    pytest.importorskip("triton", reason="triton is not installed")
    assert_right(interpreter, "rmsnorm", "3 points: compiled 3 passed, eager 3 passed")
    assert_right(interpreter, "rmsnorm simulated", "4 points simulated: triton 4 passed")
    assert_right(interpreter, "rmsnorm compiled for a GPU", "triton 4 passed\nsimulated: Triton's PTX for sm_90\n")


def test_two_algorithms_are_held_against_each_other(interpreter: Interpreter) -> None:
    assert_right(interpreter, "walsh_hadamard", "butterfly 3 passed, eager 3 passed, prepared 3 passed")


@pytest.mark.compiler
def test_an_extension_of_ones_own_is_built_and_checked(interpreter: Interpreter) -> None:
    assert_right(interpreter, "softmax_cpp", "3 points: eager 3 passed, mine 3 passed")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short_and_on_its_page(example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    assert sum(bool(line.strip()) for line in text.splitlines()) < 35
    assert f"```python\n{text}```\n" in (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
