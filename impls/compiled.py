"""torch.compile as a benchmark needs it: whole graph, static shapes, and an error where it would fall back to eager.

Dynamo keeps what it compiled on a function's code object, not on the compiled wrapper. Closures of one `def`
share that object: at the ninth shape (`recompile_limit` is 8) `fullgraph=True` raises FailOnRecompileLimitHit,
and without it the call quietly runs eager. Clearing the caches would throw away what other launches of the same
point hold. So every compiled function gets a code object of its own, which dies with it.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    import torch

P = ParamSpec("P")
R = TypeVar("R")

_SWITCHES = ("TORCH_COMPILE_DISABLE", "TORCHDYNAMO_DISABLE")


def compiled(function: Callable[P, R], *example: torch.Tensor) -> Callable[P, R]:
    """`function` through torch.compile; shapes are those of its first call.

    With `example` arguments it is compiled now and called once more to prove that nothing is compiled again;
    without, its first call compiles. Raises what torch.compile raises for a function that is not one graph.
    """
    import torch

    result = torch.compile(_with_own_code(function), dynamic=False, fullgraph=True)
    if example:
        _warm(result, example)
    return result


def _warm(result: Callable[..., Any], example: tuple[torch.Tensor, ...]) -> None:
    import torch

    result(*example)
    with torch.compiler.set_stance("fail_on_recompile"):
        result(*example)


def _with_own_code(function: Callable[P, R]) -> Callable[P, R]:
    if not isinstance(function, types.FunctionType):
        raise TypeError(f"compiled() takes a plain function, got {type(function).__name__}")
    fresh = types.FunctionType(
        function.__code__.replace(),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    fresh.__kwdefaults__ = function.__kwdefaults__
    return fresh


def why_not(device: str) -> str | None:
    """Why torch.compile cannot be measured on this device, or None. Looks for compilers, starts none."""
    for switch in _SWITCHES:
        if os.environ.get(switch) == "1":
            return f"torch.compile is switched off by {switch}=1; unset it"
    if device == "cuda":
        found = importlib.util.find_spec("triton") is not None
        return None if found else "torch.compile needs triton on cuda; python -m pip install triton"
    return None if _cpp_compiler() else f"torch.compile needs the C++ compiler {_wanted()}; install it or set CXX"


def _cpp_compiler() -> str | None:
    words = shlex.split(_wanted())
    return shutil.which(words[0]) if words else None


def _wanted() -> str:
    """What Inductor will call (torch._inductor.config.cpp.cxx); it does not look for c++ or clang++ on Linux."""
    return os.environ.get("CXX") or ("clang++" if sys.platform == "darwin" else "g++")
