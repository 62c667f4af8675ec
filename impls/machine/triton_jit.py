"""Multiply-adds in a GPU's registers: chains in Triton, eight of them a thread, which hides the latency of one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from impls.installed import why_not_installed
from impls.machine.arithmetic import FACTOR, TERM
from opbench import Backend
from opbench.errors import UsageError

if TYPE_CHECKING:
    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: torch.Tensor | None, __: str) -> Launch:
    if point.operator != "multiply_add":
        raise UsageError(f"has multiply_add, not {point.operator}")
    return partial(_chains, inputs["x"], point.axes["steps"])


def _chains(x: torch.Tensor, steps: int) -> torch.Tensor:
    from impls.machine.triton_chains import BLOCK, WARPS, chains

    out = torch.empty_like(x)
    blocks = -(-x.numel() // BLOCK)
    chains[(blocks,)](x, out, x.numel(), steps, FACTOR, TERM, BLOCK=BLOCK, num_warps=WARPS)
    return out


def unavailable(_: str) -> str | None:
    return why_not_installed("triton", "triton")


BACKEND = Backend(
    about="Triton, chains in registers",
    prepare=prepare,
    devices=frozenset({"cuda"}),
    dtypes=frozenset({"float32", "float64", "float16"}),
    simulator="Triton's interpreter",
    unavailable=unavailable,
)
