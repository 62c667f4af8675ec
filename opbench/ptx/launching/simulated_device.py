"""A device that is not there: launches made while it is active run on the PTX machine, and are kept with their cost."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from opbench.errors import UsageError, unknown
from opbench.ptx.active_device import ACTIVE
from opbench.ptx.compilers.numba_launcher import numba_active
from opbench.ptx.launching.launch import Result, read, run
from opbench.ptx.launching.orders import run_in_orders
from opbench.ptx.launching.poison import Poison, poisoned
from opbench.ptx.launching.sampling import some_blocks
from opbench.ptx.launching.targets import check_target
from opbench.ptx.module import Module
from opbench.ptx.properties import KNOWN, Properties

__all__ = ["KNOWN", "Device", "Properties", "device"]


@dataclass(slots=True)
class Device:
    """The device of one `device(...)`.

    seed: of the order in which blocks run; None for the order of their numbers.
    orders: of blocks, in which every launch runs.
    blocks: of every launch at most so many run; 0 for all.
    races: whether those in global memory are looked for.
    poison: what tensors that nobody has written are known by, where they are looked for.
    results: of every launch so far, in order.
    """

    properties: Properties
    seed: int | None = None
    orders: int = 1
    blocks: int = 0
    races: bool = True
    poison: Poison | None = None
    results: list[Result] = field(default_factory=list)

    def launch(
        self,
        ptx: str | Module,
        kernel: str | None,
        grid: int | Sequence[int],
        block: int | Sequence[int],
        arguments: Sequence[Any],
        *,
        shared: int = 0,
        registers: int = 0,
        uninitialised: Sequence[Any] = (),
    ) -> Result:
        """`opbench.ptx.run` on this device, or `run_in_orders`; its result is kept.

        Raises what those raise, and UsageError for PTX of another architecture.
        """
        module = read(ptx)
        check_target(module.target, self.properties.architecture)
        unknown_yet = [*uninitialised, *(self.poison.among(arguments) if self.poison else ())]
        options: dict[str, Any] = {
            "shared": shared,
            "registers": registers,
            "uninitialised": unknown_yet,
            "races": self.races,
            "properties": self.properties,
            "blocks": some_blocks(grid, self.blocks) if self.blocks else None,
        }
        if self.orders > 1:
            result = run_in_orders(module, kernel, grid, block, arguments, orders=self.orders, **options)
        else:
            result = run(module, kernel, grid, block, arguments, seed=self.seed, **options)
        self.results.append(result)
        return result


@contextmanager
def device(
    architecture: str = "sm_90",
    *,
    seed: int | None = None,
    orders: int = 1,
    blocks: int = 0,
    races: bool = True,
    poison: bool = False,
) -> Iterator[Device]:
    """Inside, GPU kernels take CPU tensors and run on the PTX machine, compiled for the architecture.

    seed: of the order in which blocks run; None for the order of their numbers.
    orders: above 1, every launch runs in so many orders of blocks, as `run_in_orders`: by number, then by seeds. Of
    arrays below 64 MiB only.
    blocks: above 0, of every launch at most so many run: the first, the last, and others drawn by a fixed seed. For
    tensors beyond 32 bits, of which `lazy_zeros` takes what is touched.
    races: whether those in global memory are looked for.
    poison: what `torch.empty` and its like allocate inside must be written before a kernel reads it (`poison.py` says
    how).
    Raises UsageError for no known architecture, for fewer orders than one, for a seed beside several orders, and for
    fewer blocks than none. Warns where nothing was launched and Triton is not installed.
    """
    if architecture not in KNOWN:
        raise unknown("architecture", architecture, KNOWN)
    if orders < 1 or (orders > 1 and seed is not None):
        raise UsageError(f"orders={orders}, seed={seed}: expected one order, by number or by a seed, or several orders")
    if blocks < 0:
        raise UsageError(f"blocks={blocks}: expected how many of a launch run, from 1 on, or 0 for all")
    made = Device(KNOWN[architecture], seed, orders, blocks, races, Poison() if poison else None)
    token = ACTIVE.set(made)
    try:
        with poisoned(made.poison), _triton(made), numba_active(architecture, made.launch):
            yield made
        if not made.results and find_spec("triton") is None:
            warnings.warn(
                "nothing was launched within opbench.ptx.device, and Triton is not installed, so that none of its "
                "kernels can be: python -m pip install triton",
                stacklevel=3,
            )
    finally:
        ACTIVE.reset(token)


def _triton(made: Device) -> AbstractContextManager[None]:
    """Triton asks its driver where to launch. It is imported here where it is installed (0.25 s): a kernel that imports
    it inside would find no device otherwise.
    """
    if find_spec("triton") is None:
        return nullcontext()
    from opbench.ptx.compilers.triton_driver import triton_active

    return triton_active(made)
