"""Counting imports PyTorch's compiler only where somebody asks something of it."""

from __future__ import annotations

import pytest

from ...commands import Interpreter

PREPARED = """
import sys, torch
from opbench.counting.count import count

def function(a, b):
    return torch.relu(torch.nn.functional.gelu(a @ b) * 2).softmax(-1)

def counted(function):
    counts = count(function, {"a": torch.ones(3, 5, device="meta"), "b": torch.ones(5, 7, device="meta")})
    return [one if isinstance(one, str) else one["macs"] for one in counts.values()]
"""

NOT_IMPORTED = """
assert counted(function) == [105, 105]
assert "torch._dynamo" not in sys.modules
assert "_dynamo" not in vars(torch)
"""

COMPILED_AFTERWARDS = """
compiled = torch.compile(lambda a, b: torch.relu(a @ b), backend="eager")
assert compiled(torch.ones(3, 5), torch.ones(5, 7)).sum().item() == 105
assert "torch._dynamo.convert_frame" in sys.modules
assert counted(function) == [105, 105]
"""

ASKED_MEANWHILE = """
def asking(a, b):
    import torch._dynamo.config
    assert torch._dynamo.config.cache_size_limit > 0
    return a @ b

assert counted(asking) == [105, 105]
assert sys.modules["torch._dynamo"].optimize
assert torch._dynamo is sys.modules["torch._dynamo"]
"""


@pytest.mark.parametrize("program", [NOT_IMPORTED + COMPILED_AFTERWARDS, ASKED_MEANWHILE], ids=["first", "later"])
def test_the_compiler_is_imported_where_it_is_needed_and_nowhere_else(program: str, interpreter: Interpreter) -> None:
    ran = interpreter.run(PREPARED + program)
    assert ran.code == 0, ran.stderr
