"""The launches of our kernels, recorded: what each compiler makes of them for sm_90, at points small and large.

`python -m tests.impls.cross_hadamard.gpu.planted.recording COMPILER [--small]` prints a line of JSON for each, with
`--small` without the large points. Exit code 3, with the reason, where that compiler is not there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch

from opbench import ptx, simulation
from opbench.errors import OpbenchError
from opbench.ptx.launching import simulated_device
from opbench.ptx.launching.arguments import Arguments
from opbench.ptx.memory import paging
from opbench.ptx.number_types import Array
from opbench.ptx.pointers import Pointer

from .launches import PAGED, Kept, Point, Recorded, decoded, encoded
from .operations import COMPILERS, Operation, Run, operations

ROOT = Path(__file__).parents[5]
FOLDER = Path(__file__).parent
SOURCES = ROOT / "impls" / "cross_hadamard"
"""Of the kernels."""
BLOCKS = 3
"""Of a large launch so many run: the first and the last alone can be one that copies and one that is not full."""
MODULE = "tests.impls.cross_hadamard.gpu.planted.recording"


def recorded(compiler: str, large: bool = False) -> list[dict[str, Any]] | str:
    """The launches, each as a mapping; or why that compiler is not here. In a process that does not interpret."""
    environment = {name: text for name, text in os.environ.items() if name not in simulation.SWITCHES}
    environment |= {"PYTHONPATH": str(ROOT), "TRITON_DEFAULT_FP_FUSION": "1"}
    command = [sys.executable, "-m", MODULE, compiler, *([] if large else ["--small"])]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode == 3:
        return done.stdout.strip()
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def main(compiler: str, *options: str) -> int:
    """Prints the launches of every operation of that compiler's."""
    assert compiler in COMPILERS
    assert {*options} <= {"--small"}
    try:
        for operation in operations(compiler):
            runs = [each for each in operation.runs if not (options and each.large)]
            for launch in _kernels(compiler, replace(operation, runs=runs)):
                print(json.dumps(asdict(launch)))
    except (ImportError, OpbenchError) as error:
        print(f"{compiler}: {error}")
        return 3
    return 0


def _kernels(compiler: str, operation: Operation) -> list[Recorded]:
    """Those that the runs launch, each text once, with the points at which it is launched."""
    found: list[Recorded] = []
    for run in operation.runs:
        for place, (text, kernel, point) in enumerate(_launches(run)):
            same = [each for each in found if each.text == text]
            if not same:
                at = "" if run is operation.runs[0] else f" at {run.name}"
                name = f"{compiler} {operation.name}" + (f" {place}" if place else "") + at
                same = [Recorded(name, operation.dtype, operation.exact, text, kernel)]
                found += same
            same[0].points.append(point)
    for launch in found:
        for point in launch.points:
            contents, _ = launch.launch(launch.text, point)
            if point.blocks:  # of pages that blocks write a part of, the rest is NaN by now
                for kept, content in zip(point.arrays, contents, strict=True):
                    kept.parts = [
                        (first, before, encoded(content[first : first + decoded(before).size]))
                        for first, before, _ in kept.parts
                    ]
            assert not launch.differs(point, contents), (launch.name, point.name)
    return found


def _launches(run: Run) -> list[tuple[str, str, Point]]:
    """What a run launches: text, kernel, and the point.

    Memory that is allocated may hold the right results already, of a launch before: what nobody wrote counts as written
    here, whether its bytes change or not.
    """
    made: list[tuple[str, str, Point]] = []
    parts: dict[tuple[int, int], list[tuple[int, Array, Array]]] = {}
    give_back = Arguments.give_back

    def keep(arrays: Arguments) -> None:
        """What each array has of its own, and what the kernel leaves."""
        for number, (flat, _, _) in enumerate(arrays._arrays):
            held = arrays._device.contents(number)
            parts[flat.ctypes.data, flat.size] = [(at.start, flat[at].copy(), content.copy()) for at, content in held]
        give_back(arrays)

    def see(
        module: ptx.Module, kernel: str | None, grid: Any, block: Any, arguments: list[Any], **options: Any
    ) -> ptx.Result:
        parts.clear()
        result = ptx.run(module, kernel, grid, block, arguments, **options)
        named = _named(arguments)
        unknown = {(each.ctypes.data, each.size) for each, _ in options["uninitialised"]}
        arrays = [_kept(named[key], key[1], kept, key in unknown) for key, kept in parts.items()]
        order = [*parts]
        told = [_told(each, order) for each in arguments]
        sizes = [*result.grid], [*result.block]
        made.append(
            (module.text, result.kernel, Point(run.name, *sizes, options["shared"], options["blocks"], told, arrays))
        )
        return result

    poisoned = not run.large
    paged: AbstractContextManager[Any] = mock.patch.object(paging, "LARGE", PAGED)
    with (
        ptx.device(poison=poisoned, blocks=BLOCKS if run.large else 0),
        mock.patch.object(simulated_device, "run", see),
        mock.patch.object(Arguments, "give_back", keep),
        paged if run.large else nullcontext(),
    ):
        run.start()
    return made


def _kept(name: str, size: int, parts: list[tuple[int, Array, Array]], allocated: bool) -> Kept:
    written = allocated or any(not np.array_equal(before, after) for _, before, after in parts)
    return Kept(
        name,
        size,
        [
            (first, encoded(np.full_like(before, 255) if written else before), encoded(after))
            for first, before, after in parts
        ],
    )


def _named(arguments: list[Any]) -> dict[tuple[int, int], str]:
    arrays = [(place, _array(each)[0]) for place, each in enumerate(arguments) if _is_array(each)]
    return {(each.ctypes.data, each.size): f"array {place}" for place, each in reversed(arrays)}


def _is_array(argument: Any) -> bool:
    return isinstance(argument, Pointer | np.ndarray | torch.Tensor)


def _array(argument: Any) -> tuple[Array, int, int]:
    """The bytes behind an argument, the offset into them, and their phase."""
    if isinstance(argument, Pointer):
        return argument.content, argument.offset, argument.phase
    if isinstance(argument, torch.Tensor):
        return argument.detach().reshape(-1).view(torch.uint8).numpy(), 0, 0
    return argument.reshape(-1).view(np.uint8), 0, 0


def _told(argument: Any, order: list[tuple[int, int]]) -> Any:
    if _is_array(argument):
        content, offset, phase = _array(argument)
        return [order.index((content.ctypes.data, content.size)), offset, phase]
    if isinstance(argument, bytes):
        return encoded(np.frombuffer(argument, np.uint8))
    return argument.item() if isinstance(argument, np.generic) else argument


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
