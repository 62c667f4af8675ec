"""Launches as data: PTX, arguments, and what the intact kernel leaves in its arrays; to be launched again, changed.

`python recorded_launches.py COMPILER` prints a line of JSON for each launch of our kernels as triton, nvrtc or numba
compiles them for sm_90. Exit code 3, with the reason, where that compiler is not there.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch

from impls.cross_hadamard.gpu import nvrtc
from opbench import ptx, simulation
from opbench.errors import OpbenchError
from opbench.ptx.launching import simulated_device
from opbench.ptx.number_types import Array
from opbench.ptx.pointers import Pointer

FILE = Path(__file__)
ROOT = FILE.parents[4]
SOURCES = ROOT / "impls" / "cross_hadamard"
"""Of the kernels."""
COMPILERS = "triton", "nvrtc", "numba"


@dataclass
class Recorded:
    """One launch.

    exact: whether its values are rounded once, so that its bits are known; else they are near a float64 reference.
    arguments: for each parameter `[array, offset, phase]`, bytes as base64, or a number.
    before, after: for each array its bytes as base64; before, those that are written hold NaN.
    """

    name: str
    dtype: str
    exact: bool
    text: str
    kernel: str
    grid: list[int]
    block: list[int]
    shared: int
    arguments: list[Any] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    def launch(self, text: str, **options: Any) -> tuple[list[Array], ptx.Result]:
        """With that text in place of its own: the bytes of each array afterwards, and the result."""
        contents = [np.frombuffer(base64.b64decode(each), np.uint8).copy() for each in self.before]
        given = [self._argument(each, contents) for each in self.arguments]
        return contents, ptx.run(text, self.kernel, self.grid, self.block, given, **{"shared": self.shared, **options})

    def _argument(self, told: Any, contents: list[Array]) -> Any:
        if isinstance(told, list):
            number, offset, phase = told
            return Pointer(self.names[number], contents[number], phase, offset)
        return base64.b64decode(told) if isinstance(told, str) else told

    def wrong(self, contents: list[Array]) -> bool:
        """Whether an array differs from what the intact kernel leaves: in a bit where exact, else by 1 in 100 000."""
        for content, want in zip(contents, self.after, strict=True):
            intact = np.frombuffer(base64.b64decode(want), np.uint8)
            if np.array_equal(content, intact):
                continue
            mine, right = (torch.from_numpy(each.copy()).view(getattr(torch, self.dtype)) for each in (content, intact))
            if self.exact or not torch.allclose(mine.double(), right.double(), rtol=1e-5, atol=1e-5, equal_nan=True):
                return True
        return False


def recorded(compiler: str) -> list[dict[str, Any]] | str:
    """The launches, each as a mapping; or why that compiler is not here. In a process that does not interpret."""
    environment = {name: text for name, text in os.environ.items() if name not in simulation.SWITCHES}
    environment |= {"PYTHONPATH": str(ROOT), "TRITON_DEFAULT_FP_FUSION": "1"}
    command = [sys.executable, __file__, compiler]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode == 3:
        return done.stdout.strip()
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def main(compiler: str) -> int:
    """Prints the launches of every operation of that compiler's."""
    try:
        for name, dtype, exact, run in operations(compiler):
            for place, launch in enumerate(_launches(run)):
                _finish(launch, f"{compiler} {name}" + (f" {place}" if place else ""), dtype, exact)
                print(json.dumps(asdict(launch)))
    except (ImportError, OpbenchError) as error:
        print(f"{compiler}: {error}")
        return 3
    return 0


def operations(compiler: str) -> Iterator[tuple[str, str, bool, Callable[[], object]]]:
    """Name, dtype, whether bits are known, and what launches. Odd sizes, last blocks that are not full."""
    kernels = kernels_of(compiler)
    for schedule, dtype in zip(("direct", "balanced", "blocked", "flat"), _DTYPES[compiler], strict=True):
        small = _values(2, 5, 7, 7).to(dtype)
        yield schedule, str(dtype)[6:], True, partial(kernels.forward, small, None, None, schedule)
    x = _values(1, 6, 20, 20)
    yield "blocked wide", "float32", True, lambda: kernels.forward(x, None, None, "blocked")
    index, grad = torch.tensor([[4, 0, 2], [1, 3, 2]]), _values(2, 8, 7, 7, seed=3)
    given = _values(2, 5, 7, 7), index, torch.tensor([0.5]), _values(3, seed=1), _values(3, seed=2), "tanh"
    pairs = _values(2, 10, 7, 7, seed=4)
    yield "backward", "float32", False, lambda: kernels.backward(pairs, given[0], None)
    yield "expand", "float32", False, lambda: kernels.expand(*given, "flat")
    yield "expand_backward", "float32", False, lambda: kernels.expand_backward(grad, *given)


_DTYPES = {
    "triton": (torch.float32, torch.float32, torch.float32, torch.float64),
    "nvrtc": (torch.float32, torch.float64, torch.bfloat16, torch.float16),
    "numba": (torch.float32, torch.float64, torch.bfloat16, torch.float16),
}


def kernels_of(compiler: str) -> Any:
    """Raises ImportError or MachineError where it is not here."""
    if compiler == "triton":
        from impls.cross_hadamard.backends import triton_jit

        return triton_jit.KERNELS
    if compiler == "numba":
        from impls.cross_hadamard.backends import numba_cuda

        return numba_cuda.KERNELS
    from impls.cross_hadamard.gpu import cupy_kernels
    from impls.cross_hadamard.gpu.adapter import kernels_of as adapted

    if reason := nvrtc.why_not():
        raise ImportError(reason)
    return adapted(lambda: cupy_kernels)


def _values(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _launches(run: Callable[[], object]) -> list[Recorded]:
    """What `run` launches, with the arrays before and after.

    Memory that is allocated may hold the right results already, of a launch before: what nobody wrote counts as written
    here, whether its bytes change or not.
    """
    made: list[Recorded] = []

    def see(
        module: ptx.Module, kernel: str | None, grid: Any, block: Any, arguments: list[Any], **options: Any
    ) -> ptx.Result:
        contents = _contents(arguments)
        before = {key: content.copy() for key, (_, content) in contents.items()}
        allocated = {(each.ctypes.data, each.size) for each, _ in options["uninitialised"]}
        result = ptx.run(module, kernel, grid, block, arguments, **options)
        launch = Recorded("", "", False, module.text, result.kernel, [*result.grid], [*result.block], options["shared"])
        order = [*contents]
        launch.arguments = [_told(each, order) for each in arguments]
        launch.names = [name for name, _ in contents.values()]
        for key, (_, after) in contents.items():
            written = key in allocated or not np.array_equal(before[key], after)
            launch.before.append(_encoded(np.full_like(after, 255) if written else after))
            launch.after.append(_encoded(after))
        made.append(launch)
        return result

    with ptx.device(poison=True), mock.patch.object(simulated_device, "run", see):
        run()
    return made


def _finish(launch: Recorded, name: str, dtype: str, exact: bool) -> None:
    """Names it, and makes sure that it is the same with NaN in its outputs."""
    launch.name, launch.dtype, launch.exact = name, dtype, exact
    contents, _ = launch.launch(launch.text)
    assert [_encoded(each) for each in contents] == launch.after, name


def _contents(arguments: list[Any]) -> dict[tuple[int, int], tuple[str, Array]]:
    flat = [(f"array {place}", *_array(each)[:1]) for place, each in enumerate(arguments) if _is_array(each)]
    return {(each.ctypes.data, each.size): (name, each) for name, each in flat}


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
        return base64.b64encode(argument).decode()
    return argument.item() if isinstance(argument, np.generic) else argument


def _encoded(content: Array) -> str:
    return base64.b64encode(content.tobytes()).decode()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
