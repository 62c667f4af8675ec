"""Loads and stores of all state spaces, alone and as vectors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from opbench.ptx.frame import WINDOWS, Access, Frame, Region, ThreadError
from opbench.ptx.instructions.registry import (
    Effect,
    Source,
    accept,
    effect,
    keep,
    refused,
    sinks,
    source,
    typed,
)  # fmt: skip
from opbench.ptx.memory.spaces import check_alignment, space_of
from opbench.ptx.module import Address, Immediate, Instruction, Operand, Symbol, Vector
from opbench.ptx.number_types import BITS, NUMPY, Array, width

SPACES = {"global": "global", "shared": "shared", "shared::cta": "shared", "local": "local", "const": "const"}
ORDERS = "weak", "volatile", "relaxed", "acquire", "release", "acq_rel", "cta", "cluster", "gpu", "sys"
CACHES = (
    "ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc", "L2::64B", "L2::128B", "L2::256B",
    "L1::evict_normal", "L1::evict_unchanged", "L1::evict_first", "L1::evict_last", "L1::no_allocate",
)  # fmt: skip
"""Of orders and caches this machine has nothing to say: its memory is in order, and has no cache."""
VECTORS = {"v2": 2, "v4": 4, "v8": 8}
WARP = 32
GENERIC = "global", "shared", "local"
ACCESSED = "b8", "u8", "s8", "b16", "u16", "s16", "f16", "bf16", "b32", "u32", "s32", "f32", "b64", "u64", "s64", "f64"


def state_space(instruction: Instruction) -> str:
    """The one named, "" for a generic address."""
    return next((SPACES[each] for each in instruction.modifiers if each in SPACES), "")


def address_source(instruction: Instruction, operand: Operand) -> Source:
    """uint64 addresses, (count,) or (1,). Raises UsageError where the operand is no address."""
    if not isinstance(operand, Address):
        raise refused(instruction, "expected an address")
    offset = np.array([operand.offset], np.int64).view(np.uint64)
    if isinstance(operand.base, Immediate):
        constant = np.array([int(operand.base.value) + operand.offset], np.int64).view(np.uint64)
        return lambda _: constant
    if not isinstance(operand.base, Symbol) and width(operand.base.type) == 4:
        return _narrow_address(source(instruction, operand.base, "u32"), operand.offset)
    read = source(instruction, operand.base, "u64")
    if not operand.offset:
        return lambda frame: read(frame).astype(np.uint64, copy=False)
    return lambda frame: read(frame).astype(np.uint64, copy=False) + offset


def _narrow_address(read: Source, offset: int) -> Source:
    """Of 32 bits, in which the sum wraps: nvcc counts on that for arrays whose first index is beyond 0."""
    added = np.array([offset], np.int64).astype(np.uint32)
    return lambda frame: (read(frame) + added).astype(np.uint64)


class Place:
    """Where an instruction accesses memory, for the threads that execute it.

    `chosen` are the places of those in the frame, None for all; `region` and `positions` are where their bytes are.
    """

    def __init__(self, instruction: Instruction, operand: Operand, access: Access) -> None:
        self._instruction, self._access = instruction, access
        self._address = address_source(instruction, operand)

    def parts(self, frame: Frame, mask: Array | None) -> list[tuple[Array | None, Region, Array]]:
        """(chosen, region, positions), one for each state space that the addresses lie in."""
        addresses = np.broadcast_to(self._address(frame), (frame.count,))
        chosen = None
        if mask is not None and not mask.all():
            chosen = np.flatnonzero(mask)
            if not chosen.size:
                return []
            addresses = addresses[chosen]
        addresses = np.ascontiguousarray(addresses)
        if self._access.space:
            return [self._part(frame, chosen, addresses, self._access)]
        spaces = space_of(addresses)
        parts = []
        for number in np.unique(spaces):
            inside = spaces == number
            name = GENERIC[number]
            places = (np.arange(frame.count) if chosen is None else chosen)[inside]
            local = addresses[inside] - np.uint64(WINDOWS[name])
            whole = chosen is None and places.size == frame.count
            parts.append(self._part(frame, None if whole else places, local, replace(self._access, space=name)))
        return parts

    def _part(
        self, frame: Frame, chosen: Array | None, addresses: Array, access: Access
    ) -> tuple[Array | None, Region, Array]:
        check_alignment(addresses, access, chosen)
        region = frame.memory.regions[access.space]
        positions = region.positions(frame, chosen, addresses, access)
        self._count(frame, chosen, addresses, positions, access)
        return chosen, region, positions

    def _count(self, frame: Frame, chosen: Array | None, addresses: Array, positions: Array, access: Access) -> None:
        warps, counters, kind = frame.threads.warp, frame.counters, access.action
        warps = warps if chosen is None else warps[chosen]
        if access.space == "global":
            counters.accessed_global(self._instruction, kind, warps, positions, access.bytes)
        elif access.space in {"shared", "local"}:
            lanes = frame.threads.thread % WARP
            lanes = lanes if chosen is None else lanes[chosen]
            count = counters.accessed_shared if access.space == "shared" else counters.accessed_local
            count(self._instruction, kind, warps, lanes, addresses.view(np.int64), access.bytes)


@effect("ld", "ldu")
def load(instruction: Instruction) -> Effect:
    """A narrower type than the register's is extended, by its sign where it has one."""
    if "param" in instruction.modifiers:
        return _load_parameter(instruction)
    accept(instruction, *SPACES, *ORDERS, *CACHES, *VECTORS)
    kind = typed(instruction, *ACCESSED)
    registers, size = sinks(instruction), width(kind)
    place = Place(
        instruction, instruction.operands[1], Access(state_space(instruction), size * len(registers), True, False)
    )
    bits, result, shift = BITS[size], NUMPY[kind], size.bit_length() - 1

    def run(frame: Frame, mask: Array | None) -> None:
        for chosen, region, positions in place.parts(frame, mask):
            view, indices = region.view(bits), positions >> shift
            for number, register in enumerate(registers):
                if register is not None:
                    loaded = view[indices + number if number else indices].view(result)
                    _keep_chosen(frame, register, loaded, chosen)

    return run


def _keep_chosen(frame: Frame, register: Any, loaded: Array, chosen: Array | None) -> None:
    if chosen is None:
        keep(frame, register, loaded, None)
        return
    everywhere = np.zeros(frame.count, loaded.dtype)
    everywhere[chosen] = loaded
    mask = np.zeros(frame.count, np.bool_)
    mask[chosen] = True
    keep(frame, register, everywhere, mask)


def _load_parameter(instruction: Instruction) -> Effect:
    accept(instruction, "param", *VECTORS)
    operand, registers = instruction.operands[1], sinks(instruction)
    kind = typed(instruction, *ACCESSED)
    if not isinstance(operand, Address) or not isinstance(operand.base, Symbol):
        raise refused(instruction, "parameters are read by their names only")
    name, first = operand.base.name, operand.offset

    def run(frame: Frame, mask: Array | None) -> None:
        for number, register in enumerate(registers):
            start = frame.memory.address(name) + first + number * width(kind)
            content = frame.memory.parameters[start : start + width(kind)]
            if content.size < width(kind):
                raise ThreadError(f"reads {width(kind)} bytes past the end of the parameters", 0)
            if register is not None:
                keep(frame, register, content.view(NUMPY[kind]), mask)

    return run


@effect("st")
def store(instruction: Instruction) -> Effect:
    """A narrower type than the register's takes its lower bits. Of threads that write one address the last one wins."""
    accept(instruction, *SPACES, *ORDERS, *CACHES, *VECTORS)
    kind = typed(instruction, *ACCESSED)
    address, stored = instruction.operands
    operands = stored.parts if isinstance(stored, Vector) else (stored,)
    size = width(kind)
    reads = [source(instruction, each, kind) for each in operands]
    place = Place(instruction, address, Access(state_space(instruction), size * len(reads), False, True))
    bits = BITS[size]

    def run(frame: Frame, mask: Array | None) -> None:
        for chosen, region, positions in place.parts(frame, mask):
            parts = [np.broadcast_to(read(frame).view(bits), (frame.count,)) for read in reads]
            region.write(frame, chosen, positions, parts if chosen is None else [each[chosen] for each in parts])

    return run
