"""Clocks by name: the part before the colon is the file of this folder whose `CLOCKS` holds it."""

from __future__ import annotations

from importlib import import_module

from opbench.errors import unknown
from opbench.measure.timing.clock import Clock

NAMES = ("wall", "wall:led", "cuda_events:warm", "cuda_events:cold", "cuda_graph:warm", "cuda_graph:cold")

DEFAULT = {"cpu": "wall", "cuda": "cuda_events:warm"}


def is_wall(name: str) -> bool:
    """Whether the clock is wall time of this machine's processors, not a device's own."""
    return name.startswith("wall")


def clock_for(device: str, asked: str | None = None) -> str:
    """The clock to use on a device. Raises UsageError for one that does not exist or times another device."""
    name = asked or DEFAULT[device]
    fitting = [known for known in NAMES if is_wall(known) == (device == "cpu")]
    if name not in fitting:
        raise unknown("clock", name, fitting, f"for device {device!r}")
    return name


def clock_named(name: str) -> Clock:
    """A new clock. Raises UsageError for an unknown name."""
    if name not in NAMES:
        raise unknown("clock", name, NAMES)
    module = import_module(f"opbench.measure.timing.{name.partition(':')[0]}")
    found: Clock = module.CLOCKS[name]()
    return found
