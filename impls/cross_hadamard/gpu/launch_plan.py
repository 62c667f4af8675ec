"""The launch plans of csrc/cuda/launch.h in Python, for launching without a C++ compiler. A test holds the two equal.

What is chosen, and why, is written there.
"""

from __future__ import annotations

from typing import NamedTuple

GRID_X, GRID_YZ = 2**31 - 1, 65535
RESIDENT = 1024
BLOCKED_CHOICES = ((8, 4), (8, 2), (8, 1), (2, 1))  # (tile, group)


class Device(NamedTuple):
    """What the plans need of a device: multiprocessors, and the shared memory in bytes that one block may ask for."""

    multiprocessors: int
    shared_bytes: int


class Problem(NamedTuple):
    """Sizes of one operation; `alignment` is the largest power of two up to 16 bytes that divides every pointer."""

    batch: int
    channels: int
    n: int
    height: int
    width: int
    itemsize: int
    alignment: int
    lead: int = 0

    @property
    def size(self) -> int:
        return self.height * self.width

    @property
    def pairs(self) -> int:
        return self.n * (self.n - 1) // 2

    @property
    def sum_bytes(self) -> int:
        return 8 if self.itemsize == 8 else 4


class Plan(NamedTuple):
    """One launch: grid and block, bytes of dynamic shared memory, and what selects and feeds the kernel instance."""

    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    shared: int = 0
    vector: int = 1
    tile: int = 0
    group: int = 0
    chunk: int = 0
    magic: int = 0
    shift: int = 0


def direct(problem: Problem) -> Plan:
    return _published(problem, problem.batch * problem.pairs)


def balanced(problem: Problem) -> Plan:
    return _published(problem, problem.batch * problem.n)


def blocked(problem: Problem, device: Device) -> Plan:
    vector = _vector(problem, 16)
    vectors = problem.size // vector
    for tile, group in BLOCKED_CHOICES:
        items = problem.batch * vectors * _tile_pairs(_ceil(problem.n, tile), group)
        if items >= device.multiprocessors * RESIDENT:
            break
    blocks = _ceil(items + problem.batch * problem.lead * vectors, 256)
    return Plan((blocks, 1, 1), (256, 1, 1), vector=vector, tile=tile, group=group)


def flat(problem: Problem, device: Device) -> Plan:
    sector = 32 // problem.itemsize
    pieces = 2 * _ceil((problem.lead + problem.pairs) * problem.size + sector - 1, sector)
    chunks = _ceil(8 * device.multiprocessors, problem.batch)
    chunk = min(max(2 * _ceil(pieces, 2 * chunks), 256), 16 * 256)
    staged = problem.n * problem.size * problem.itemsize
    shared = staged if staged <= device.shared_bytes // 2 and staged <= chunk * 16 else 0
    grid = (min(_ceil(pieces, chunk), GRID_X), min(problem.batch, GRID_YZ), 1)
    magic, shift = divider(problem.size)
    return Plan(grid, (256, 1, 1), shared, _vector(problem, 16), chunk=chunk, magic=magic, shift=shift)


def backward(problem: Problem, device: Device) -> Plan:
    """`columns` (tile > 0) where it has shared memory, else `owner`, or with a lead `expand_owner`."""
    vector = _vector(problem, 4) if problem.itemsize == 2 else 1
    vectors = problem.size // vector
    fixed = 4 * (problem.n + problem.channels)
    summed_bytes = 25 * problem.sum_bytes if problem.lead else 0
    thread_bytes = problem.n * vector * problem.sum_bytes + summed_bytes
    threads = 128
    while threads > 32 and thread_bytes * threads + fixed > device.shared_bytes // 2:
        threads //= 2
    shared = thread_bytes * threads + fixed
    if problem.batch * vectors >= device.multiprocessors * 128 and shared <= device.shared_bytes:
        grid = _ceil(vectors, threads), min(problem.batch, GRID_YZ), 1
        return Plan(grid, (threads, 1, 1), shared, vector, tile=8 if problem.lead else 16)
    if not problem.lead:
        return Plan((_ceil(problem.batch * problem.channels * problem.size, 256), 1, 1), (256, 1, 1))
    threads = 128
    while threads > 32 and 2 * problem.size <= threads:
        threads //= 2
    blocks = problem.batch * _ceil(problem.size, threads) * (problem.channels + 1)
    return Plan((min(blocks, GRID_X), 1, 1), (threads, 1, 1), (summed_bytes + 4) * threads + 64 * 24)


def sum_parts(problem: Problem, plan: Plan) -> int:
    """Parts of (batch, spatial) that the sums of `expand_backward` come in."""
    return problem.batch * (plan.grid[0] if plan.tile else _ceil(problem.size, plan.block[0]))


def divider(divisor: int) -> tuple[int, int]:
    """Magic and shift with a // divisor == a * magic >> (32 + shift) for 0 <= a < 2**31; magic 0 for a divisor of 1."""
    bits = (divisor - 1).bit_length()
    magic = 0 if divisor == 1 or bits > 31 else _ceil(1 << (31 + bits), divisor)
    return magic, max(0, bits - 1)


def _published(problem: Problem, blocks: int) -> Plan:
    rows, columns = _ceil(problem.height, 32), _ceil(problem.width, 32)
    return Plan((min(blocks, GRID_X), min(rows, GRID_YZ), min(columns, GRID_YZ)), (32, 32, 1))


def _vector(problem: Problem, most: int) -> int:
    width = min(most, problem.alignment)
    while width > problem.itemsize and problem.size * problem.itemsize % width:
        width //= 2
    return max(1, width // problem.itemsize)


def _tile_pairs(columns: int, group: int) -> int:
    full = columns // group
    return group * full * (full + 1) // 2 + (columns - full * group) * (full + 1)


def _ceil(a: int, b: int) -> int:
    return -(-a // b)
