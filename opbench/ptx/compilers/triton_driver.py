"""A driver of Triton's whose device is the PTX machine: what Triton compiles for it is launched there.

Everything of Triton's is left as it is: what it specialises on, its options and its cache. Its cache of kernels goes by
device, so that none is taken for one of a GPU's.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeAlias
from unittest import mock

import torch
from triton.backends import backends
from triton.backends.compiler import GPUTarget
from triton.backends.driver import DriverBase
from triton.runtime import driver
from triton.runtime.autotuner import Autotuner
from triton.runtime.interpreter import InterpretedFunction

from opbench.errors import MachineError, UsageError
from opbench.ptx.compilers.triton_launcher import Launcher
from opbench.ptx.properties import MOST_THREADS

Device: TypeAlias = Any
Properties: TypeAlias = Any
"""Those of `simulated_device`, which imports this."""

WARP = 32


class Utils:
    """What Triton asks of the library under a driver. Registers and spills are the assembler's, which nobody asks."""

    def __init__(self, properties: Properties) -> None:
        self._properties = properties

    def get_device_properties(self, device: object) -> dict[str, int]:
        del device
        return {
            "max_shared_mem": self._properties.block_shared_bytes,
            "max_num_regs": self._properties.registers,
            "multiprocessor_count": self._properties.multiprocessors,
            "warpSize": WARP,
        }

    def load_binary(self, name: str, *_: object) -> tuple[None, str, None, None, int]:
        """Module, function, registers, spills, the most threads of a block. None as module: nothing to unload."""
        return None, name, None, None, MOST_THREADS


class Driver(DriverBase):  # type: ignore[misc]  # triton says no types
    """Of one device that is not there."""

    launcher_cls = Launcher

    def __init__(self, device: Device) -> None:
        super().__init__()
        self.device = device
        self.utils = Utils(device.properties)

    @classmethod
    def is_active(cls) -> bool:
        """Never chosen by Triton itself."""
        return False

    def get_current_device(self) -> str:
        """What Triton keeps its kernels by."""
        return f"ptx:{self.device.properties.architecture}"

    def set_current_device(self, device: object) -> None:
        del device

    def get_current_stream(self, device: object) -> int:
        del device
        return 0

    def get_current_target(self) -> Any:
        """Raises MachineError where this triton cannot compile for NVIDIA."""
        if "nvidia" not in backends:
            raise MachineError(
                f"this triton has no nvidia backend, only {', '.join(backends) or 'none'}; python -m pip install triton"
            )
        return GPUTarget("cuda", int(self.device.properties.architecture.removeprefix("sm_")), WARP)

    def get_active_torch_device(self) -> torch.device:
        return torch.device("cpu")

    def map_python_to_cpp_type(self, ty: str) -> str:
        return ty

    def get_benchmarker(self) -> NoReturn:
        raise UsageError(
            "nothing can be timed on opbench.ptx.device; launch the kernel with the configuration you mean"
        )

    get_device_interface = get_empty_cache_for_benchmark = get_benchmarker


@contextmanager
def triton_active(device: Device) -> Iterator[None]:
    """Inside, Triton compiles for the device and launches there; afterwards it has the driver that it had."""
    before = getattr(driver, "_active", None)  # its property would look for a GPU, and raise where there is none
    autotuned, interpreted = (
        mock.patch.object(Autotuner, "run", _first),
        mock.patch.object(InterpretedFunction, "run", _refuse),
    )
    driver.set_active(Driver(device))
    try:
        with autotuned, interpreted:
            yield
    finally:
        driver.set_active(before)


_TUNED = Autotuner.run


def _first(tuner: Any, *args: Any, **kwargs: Any) -> Any:
    """In place of `Autotuner.run`: its first configuration, which it does not remember as the fastest."""
    configurations = tuner.configs
    if len(configurations) > 1:
        tuner.nargs = dict(zip(tuner.arg_names, args, strict=False))
        first = tuner.prune_configs(kwargs)[0]
        warnings.warn(
            f"kernel {tuner.base_fn.__name__} is autotuned over {len(configurations)} configurations; nothing can be "
            f"timed here, so the first one runs: {first}",
            stacklevel=3,
        )
        tuner.configs = [first]
    try:
        return _TUNED(tuner, *args, **kwargs)
    finally:
        tuner.configs = configurations


def _refuse(kernel: Any, *_: object, **__: object) -> NoReturn:
    name = getattr(kernel.fn, "__name__", "this kernel")
    raise UsageError(
        f"Triton interprets {name}: TRITON_INTERPRET was set when it was defined; unset it (and OPBENCH_SIMULATE=1) "
        "to run what Triton compiles"
    )
