"""torch.compile as a benchmark needs it: whole graph, static shapes, and an error where it would fall back to eager.

Dynamo keeps what it compiled on a function's code object, not on the compiled wrapper. Closures of one `def`
share that object: at the ninth shape (`recompile_limit` is 8) `fullgraph=True` raises FailOnRecompileLimitHit,
and without it the call quietly runs eager. Clearing the caches would throw away what other launches of the same
point hold. So every compiled function gets a code object of its own, which dies with it.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import sys
import types
import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from opbench import Preparing

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from opbench import Inputs, Launch, Point

P = ParamSpec("P")
R = TypeVar("R")

SWITCH = "TORCH_COMPILE_DISABLE"


def preparing(each_s: float = 4.0, *, ahead: bool = True) -> Preparing:
    """Loading the compiler and its first header take 12 s on two cores of a Xeon (family 6, model 207), a point 3 s."""
    return Preparing(first_s=15.0, each_s=each_s, ahead=ahead)


def compiled(function: Callable[P, R], *example: torch.Tensor) -> Callable[P, R]:
    """`function` through torch.compile; shapes are those of its first call.

    With `example` arguments it is compiled now and called once more to prove that nothing is compiled again;
    without, its first call compiles. Raises what torch.compile raises for a function that is not one graph.
    """
    import torch

    _load_quietly()
    result = torch.compile(_with_own_code(function), dynamic=False, fullgraph=True)
    if example:
        _warm(result, example)
    return result


def prepare_compiled(
    definition: Callable[[Point], Callable[..., Tensor]],
) -> Callable[[Point, Inputs, Tensor | None, str], Launch]:
    """A backend's `prepare` in mode `forward`: what `definition` gives for a point, compiled for the point's inputs."""

    def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
        tensors = tuple(inputs.values())
        return partial(compiled(definition(point), *tensors), *tensors)

    return prepare


def _warm(result: Callable[..., Any], example: tuple[torch.Tensor, ...]) -> None:
    import torch

    result(*example)
    with torch.compiler.set_stance("fail_on_recompile"):
        result(*example)


def _load_quietly() -> None:
    """Inductor loads torch.utils.mkldnn, which on torch 2.11 and 2.13 warns of its own torch.jit.script_method.

    Where warnings are errors, that would end the first compilation of a process.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.script_method` is deprecated", DeprecationWarning)
        importlib.import_module("torch.utils.mkldnn")


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
    if os.environ.get(SWITCH) == "1":
        return f"torch.compile is switched off by {SWITCH}=1; unset it"
    if device == "cuda":
        installed = importlib.util.find_spec("triton") is not None
        return None if installed else "torch.compile needs triton on cuda; python -m pip install triton"
    # What Inductor calls (torch._inductor.config.cpp.cxx): on Linux it tries neither c++ nor clang++ by itself.
    compiler = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
    return (
        None if shutil.which(compiler) else f"torch.compile needs the C++ compiler {compiler!r}; install it or set CXX"
    )
