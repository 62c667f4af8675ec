"""What measuring goes by is what it was: its clock, its functions, PyTorch's that it compares with.

Backends share a process with what measures them, and Python lets any code put another function in the place of one.
Here is noted which objects the names stand for, before any backend of a point is loaded, and looked at again after each
backend's turn. What has changed is put back, and is that backend's failure. Not found is who changes something and puts
it back within one call, who writes to the memory of compiled code, or to the objects in which a measurement keeps what
it has: that takes processes that share nothing.
"""

from __future__ import annotations

import builtins
import gc
import secrets
import statistics
import time
from importlib import import_module
from operator import attrgetter, is_
from types import FunctionType, ModuleType
from typing import Any

import torch

_MEASURE = (
    *("admission", "audit", "changed_element", "compare", "output_comparison", "output_samples", "point"),
    *("point_checker", "process_state", "redrawn_inputs", "sampled_outcome", "tamper_guard"),
)
_TIMING = ("cuda_events", "cuda_graph", "device_timer", "led", "run_delay", "sampler", "stopping", "wall")
MODULES = (
    *(f"measure.{name}" for name in _MEASURE),
    *(f"measure.timing.{name}" for name in _TIMING),
    *("vocabulary.interval", "vocabulary.record"),
)
"""Of opbench."""

LIBRARIES: tuple[ModuleType, ...] = (builtins, gc, secrets, statistics, time)

GLANCED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("measure.audit", "Audit", ("begin", "calls", "end", "glance", "keep_output", "wanting")),
    ("measure.timing.sampler", "", ("_ask", "_sample", "_timed", "_warm_up")),
    ("measure.timing.wall", "", ("WallTimer", "perf_counter")),
    ("measure.timing.wall", "WallTimer", ("__call__",)),
)
"""Looked at after every sample, which takes 2 us; all others in rounds that are kept, which takes 50."""

OPERATIONS = ("cat", "empty", "empty_like", "equal", "isfinite", "maximum", "mul", "sub", "tensor")
"""PyTorch's functions that comparing needs, beside the methods of its tensors."""

_MISSING = object()
_code_of = attrgetter("__code__")


class Tampered(Exception):  # noqa: N818  (it is what a backend did)
    """Something that measuring goes by is no longer what it was. The text says what."""


class _Names:
    """One namespace as it was: a module's, a class's."""

    def __init__(self, holder: Any, names: tuple[str, ...] | None = None) -> None:
        self.holder = holder
        self._names = names
        self._live = vars(holder)
        self._kept = self._noted()

    def _noted(self) -> dict[str, Any]:
        return dict(self._live) if self._names is None else {name: self._live.get(name) for name in self._names}

    def changed(self) -> list[str]:
        """Names that stand for something else, which they then do no more. What is new is nobody's concern."""
        kept, live = self._kept, self._live
        if self._names is None and len(kept) == len(live):
            if all(map(is_, kept.values(), live.values())):
                return []
        elif self._names is not None and all(map(is_, map(live.get, kept), kept.values())):
            return []
        found = [name for name, value in kept.items() if name != "_" and live.get(name, _MISSING) is not value]
        for name in found:
            setattr(self.holder, name, kept[name])
        hiding = [name for name in live if name not in kept and self._inherits(name)] if self._names is None else []
        for name in hiding:
            delattr(self.holder, name)
        self._kept = self._noted()
        return [f"{self.holder.__name__}.{name}" for name in found + hiding]

    def _inherits(self, name: str) -> bool:
        """Whether a class had this from another, before it got one of its own."""
        return isinstance(self.holder, type) and any(name in vars(one) for one in self.holder.__mro__[1:])


class _Codes:
    """The code of functions as it was: a function may stay itself and do something else."""

    def __init__(self, functions: list[FunctionType]) -> None:
        self._functions = functions
        self._kept = [(one.__code__, one.__defaults__) for one in functions]
        self._codes = [one.__code__ for one in functions]

    def changed(self) -> list[str]:
        if all(map(is_, map(_code_of, self._functions), self._codes)):
            return []
        found = []
        for one, (code, defaults) in zip(self._functions, self._kept, strict=True):
            if one.__code__ is not code:
                one.__code__, one.__defaults__ = code, defaults
                found.append(f"the code of {one.__module__}.{one.__qualname__}")
        return found


class Guard:
    """Notes what there is when it is made."""

    def __init__(self) -> None:
        modules = {name: import_module(f"opbench.{name}") for name in MODULES}
        self._glanced: list[_Names | _Codes] = [
            _Names(getattr(modules[module], holder) if holder else modules[module], names)
            for module, holder, names in GLANCED
        ]
        self._all = [
            *_parts(list(modules.values())),
            *(_Names(one) for one in LIBRARIES),
            _Names(torch.Tensor),
            _Names(torch, OPERATIONS),
        ]

    def glance(self) -> None:
        """Raises Tampered where one of the few things that matter most has changed."""
        self._refuse_changes(self._glanced)

    def check(self) -> None:
        """Raises Tampered where anything has changed; it is put back first."""
        self._refuse_changes(self._all)

    def _refuse_changes(self, parts: list[_Names | _Codes]) -> None:
        found = [name for part in parts for name in part.changed()]
        if found:
            raise Tampered(f"changed what it is measured with: {', '.join(found)}")


def _parts(modules: list[ModuleType]) -> list[_Names | _Codes]:
    named = [_Names(one) for one in modules]
    classes = [
        one
        for module in modules
        for one in vars(module).values()
        if isinstance(one, type) and one.__module__ == module.__name__
    ]
    named += [_Names(one) for one in classes]
    functions = [
        one
        for part in named
        for one in vars(part.holder).values()
        if isinstance(one, FunctionType) and one.__module__.startswith("opbench.")
    ]
    return [*named, _Codes(functions)]
