"""The arguments of a launch: their bytes among the parameters, and the arrays behind pointers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from opbench.errors import UsageError
from opbench.ptx.memory.device import DeviceMemory
from opbench.ptx.module import Kernel, Parameter
from opbench.ptx.number_types import NUMPY, Array
from opbench.ptx.pointers import Pointer


class Arguments:
    """Those of one launch, in the memory of one device."""

    def __init__(self, device: DeviceMemory, kernel: Kernel) -> None:
        self._device, self._kernel = device, kernel
        self._arrays: list[tuple[Array, bool, str]] = []
        self._known: dict[tuple[int, int], int] = {}

    def place(self, arguments: Sequence[Any]) -> Array:
        """uint8: all parameters. Raises UsageError for the wrong number of them, and for what is no argument."""
        parameters = self._kernel.parameters
        extra = parameters[len(arguments) :]
        if len(arguments) > len(parameters) or any(each.type not in {"u64", "b64"} for each in extra):
            raise UsageError(
                f"{len(arguments)} arguments; kernel {self._kernel.name} takes {len(parameters)}: "
                f"{', '.join(f'{each.name} .{each.type}' for each in parameters)}"
            )
        end = max((each.offset + each.size for each in parameters), default=0)
        content = np.zeros(-(-end // 8) * 8, np.uint8)
        for parameter, argument in zip(parameters, arguments, strict=False):
            content[parameter.offset : parameter.offset + parameter.size] = self._bytes(parameter, argument)
        return content

    def _bytes(self, parameter: Parameter, argument: Any) -> Array:
        if isinstance(argument, bytes):
            raw = np.frombuffer(argument, np.uint8)
        elif isinstance(argument, np.ndarray | torch.Tensor | Pointer):
            raw = np.array([self._address(parameter, argument)], np.uint64).view(np.uint8)
        elif isinstance(argument, int | float | np.number | np.bool_):
            raw = np.array([argument]).astype(NUMPY[parameter.type]).view(np.uint8)
        else:
            raise UsageError(
                f"{parameter.name}: {type(argument).__name__} is no argument; "
                "give a NumPy array, a CPU tensor, a number, or bytes"
            )
        if raw.size != parameter.size:
            raise UsageError(f"{parameter.name} has {parameter.size} bytes, the argument given for it {raw.size}")
        return raw

    def _address(self, parameter: Parameter, argument: Any) -> int:
        if isinstance(argument, Pointer):
            return self._allocation(argument.name, argument.content, True, argument.phase) + argument.offset
        flat, writeable = _flat(parameter.name, argument)
        return self._allocation(parameter.name, flat, writeable)

    def _allocation(self, name: str, flat: Array, writeable: bool, phase: int = 0) -> int:
        """The address of these bytes, which are allocated once."""
        key = flat.ctypes.data, flat.size
        if key not in self._known:
            for other, _, known in self._arrays:
                if np.may_share_memory(other, flat):
                    raise UsageError(f"{name} overlaps {known}; give arrays that do not, or the same one")
            self._known[key] = self._device.allocate(name, flat, phase=phase)
            self._arrays.append((flat, writeable, name))
        return self._known[key]

    def outputs(self, uninitialised: Sequence[Any]) -> tuple[dict[str, int], dict[int, Array]]:
        """Of arrays that were placed: from parameter to allocation, and from allocation to a mask of written bytes.

        uninitialised: arrays, and pairs of an array and a mask. Raises UsageError for an array that was not placed.
        """
        numbers: dict[str, int] = {}
        masks: dict[int, Array] = {}
        for each in uninitialised:
            array, mask = each if isinstance(each, tuple) else (each, None)
            flat, _ = _flat("uninitialised", array)
            places = [(name, at) for at, (one, _, name) in enumerate(self._arrays) if _same(one, flat)]
            if not places:
                known = ", ".join(name for _, _, name in self._arrays) or "none"
                raise UsageError(
                    f"uninitialised: an array of {flat.size} bytes that is no argument of kernel {self._kernel.name}; "
                    f"expected one of those given for {known}"
                )
            for name, at in places:
                masks[at] = np.broadcast_to(False, flat.size) if mask is None else mask
                numbers |= {name: at} if mask is None else {}
        return numbers, masks

    def give_back(self) -> None:
        """Raises UsageError where the kernel wrote into an array that is read-only."""
        for number, (flat, writeable, name) in enumerate(self._arrays):
            for within, content in self._device.contents(number):
                if writeable:
                    flat[within] = content
                elif not np.array_equal(flat[within], content):
                    raise UsageError(f"the kernel wrote into {name}, which is read-only; give it a copy")


def _same(one: Array, other: Array) -> bool:
    return one.ctypes.data == other.ctypes.data and one.size == other.size


def _flat(name: str, argument: Any) -> tuple[Array, bool]:
    """The bytes of an array, uint8 (size,), in place; and whether they may be written."""
    if isinstance(argument, torch.Tensor):
        if argument.device.type != "cpu" or not argument.is_contiguous():
            strided = "contiguous" if argument.is_contiguous() else "strided"
            raise UsageError(f"{name}: a {strided} tensor on {argument.device}; expected a contiguous one on the CPU")
        return argument.detach().reshape(-1).view(torch.uint8).numpy(), True
    if not argument.flags.c_contiguous:
        raise UsageError(f"{name}: an array that is not contiguous; give numpy.ascontiguousarray of it")
    return argument.reshape(-1).view(np.uint8), bool(argument.flags.writeable)
