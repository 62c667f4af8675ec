"""Large allocations: they behave as small ones, and take memory for what is touched of them."""

from __future__ import annotations

import errno
import mmap
import resource

import numpy as np
import pytest
import torch

from opbench import ptx
from opbench.errors import UsageError
from opbench.ptx.memory import paging
from opbench.ptx.memory.device import BASE, DeviceMemory
from tests.rows import rows

from ..kernels import kernel

NARROW = "mad.lo.s32 %r4, %r1, %r2, %r3; mul.wide.s32 %d1, %r4, STEP;"
WIDE = "mul.wide.u32 %d1, %r1, %r2; cvt.u64.u32 %d2, %r3; add.s64 %d1, %d1, %d2; mul.lo.s64 %d1, %d1, STEP;"
STORE = "st.global.f32 [%d3], %f2;"


def doubled(step: int, offset: str = NARROW, store: str = STORE) -> str:
    """out = 2 x, a float in every `step` bytes: of each thread one, by a 32-bit offset or a 64-bit one."""
    body = f"""
    mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x;
    {offset.replace("STEP", str(step))}
    add.s64 %d3, %d14, %d1; add.s64 %d4, %d15, %d1;
    ld.global.f32 %f1, [%d4]; add.f32 %f2, %f1, %f1; {store}"""
    return kernel(body, [".u64 x", ".u64 out"])


@pytest.fixture
def by_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "LARGE", 5000)


@pytest.mark.usefixtures("by_pages")
@rows("size", [1250, 1251, 7919])
def test_what_is_copied_by_pages_is_read_written_and_counted_as_what_is_not(size: int) -> None:
    x, out = np.arange(size, dtype=np.float32), np.full(size, 7, np.float32)
    small, few = x[:1000].copy(), np.zeros(1000, np.float32)
    paged = ptx.run(doubled(4), None, 5, 200, [x, out])
    whole = ptx.run(doubled(4), None, 5, 200, [small, few])
    assert out[:1000].tolist() == few.tolist() == (2 * small).tolist()
    assert set(out[1000:]) == {7}
    assert paged.counters.sectors_read == whole.counters.sectors_read == 125
    assert paged.counters.distinct_sectors_written == whole.counters.distinct_sectors_written == 125


@pytest.mark.usefixtures("by_pages")
def test_several_orders_refuse_what_is_copied_by_pages_before_anything_runs() -> None:
    x, out = np.ones(1249, np.float32), np.zeros(1250, np.float32)
    with pytest.raises(UsageError, match=r"orders=2: array argument number 1 has 5000 bytes, .* less than 5000 bytes;"):
        ptx.run_in_orders(doubled(4), None, 1, 7, [x, out], orders=2)
    assert not out.any()
    ptx.run_in_orders(doubled(4), None, 1, 7, [x, out[1:]], orders=2)
    assert out[1:8].tolist() == [2] * 7


@pytest.mark.usefixtures("by_pages")
def test_bounds_holes_and_races_are_found_in_pages_too() -> None:
    x, out = np.zeros(1500, np.float32), np.zeros(1500, np.float32)
    with pytest.raises(ptx.KernelError, match=r"reads 4 bytes .* 144 bytes past the end of x \(6000 bytes\).*\(6, 0"):
        ptx.run(doubled(1024), None, 1, 7, [x, out])
    holes = ptx.run(doubled(1024), None, 1, 5, [x, out], uninitialised=[out]).unwritten
    assert holes == {"out": [(4, 1024), (1028, 2048), (2052, 3072), (3076, 4096), (4100, 6000)]}
    with pytest.raises(ptx.KernelError, match=r"uninitialised: reads 4 bytes at byte 0 of x"):
        ptx.run(doubled(1024), None, 1, 5, [x, out], uninitialised=[x])
    mask = np.zeros(6000, np.bool_)
    ptx.run(doubled(1024), None, 1, 2, [x, out], uninitialised=[(out, mask)])
    assert np.flatnonzero(mask).tolist() == [0, 1, 2, 3, 1024, 1025, 1026, 1027]
    with pytest.raises(ptx.KernelError, match="race: writes 4 bytes of global memory"):
        ptx.run(doubled(1024, store="st.global.u32 [%d14+4096], %r1;"), None, 3, 1, [x, out])


@pytest.mark.usefixtures("by_pages")
def test_what_is_read_only_stays_so_in_pages() -> None:
    x, out = np.zeros(1500, np.float32), np.zeros(1500, np.float32)
    x.flags.writeable = False
    with pytest.raises(UsageError, match="wrote into x, which is read-only"):
        ptx.run(doubled(1024, store="st.global.u32 [%d4], 7;"), None, 1, 3, [x, out])


def test_a_tensor_beyond_32_bits_takes_what_is_touched_of_it() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    x, out = ptx.lazy_zeros((3, 1 << 30)), ptx.lazy_zeros((3, 1 << 30))  # 12 GiB each
    x[0, 0], x[2, -1] = 3, 5
    grid = 3 * (1 << 30) // 256
    ptx.run(doubled(4, WIDE), None, grid, 256, [x, out], blocks=ptx.some_blocks(grid, 5))
    assert out[0, 0] == 6
    assert out[2, -1] == 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10  # KiB


def test_a_system_without_huge_pages_has_such_tensors_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pages(mmap.mmap):
        def madvise(self, *_: int) -> None:
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(mmap, "mmap", Pages)
    assert ptx.lazy_zeros((3, 7)).count_nonzero() == 0


def test_an_offset_of_32_bits_is_out_of_bounds_where_it_wraps() -> None:
    x, out = ptx.lazy_zeros((3 << 30,)), ptx.lazy_zeros((3 << 30,))
    grid = (3 << 30) // 256
    with pytest.raises(
        ptx.KernelError, match=rf"out of bounds: reads 4 bytes .* bytes before x .*\({grid - 1}, 0, 0\)"
    ):
        ptx.run(doubled(4), None, grid, 256, [x, out], blocks=[0, grid - 1])


def test_allocations_are_apart_as_far_as_a_wrapped_index_reaches() -> None:
    memory = DeviceMemory()
    large = ptx.lazy_zeros((1 << 33,), torch.uint8).numpy()
    first, second = (memory.allocate(name, large) for name in ("first", "second"))
    assert min(first - BASE, second - first - large.size) >= 1 << 35
    assert memory.allocate("third", large, phase=36) % 256 == 36
    with pytest.raises(UsageError, match="huge has 1099511627776 bytes"):
        memory.allocate("huge", np.broadcast_to(np.uint8(0), 1 << 40))


def test_some_blocks_are_the_first_the_last_and_others() -> None:
    assert ptx.some_blocks(3, 5) == [0, 1, 2]
    assert ptx.some_blocks((7, 11), 1) == [0]
    assert ptx.some_blocks((7, 11), 2) == [0, 76]
    chosen = ptx.some_blocks((1 << 20, 7), 9)
    assert chosen == sorted({*chosen, 0, 7 * (1 << 20) - 1})
    assert len(chosen) == 9
    with pytest.raises(UsageError, match="count=0"):
        ptx.some_blocks(3, 0)


def test_a_device_runs_some_blocks_of_each_launch() -> None:
    x, out = np.ones(1000, np.float32), np.zeros(1000, np.float32)
    with ptx.device(blocks=2) as device:
        device.launch(doubled(4), None, 10, 100, [x, out])
    assert np.flatnonzero(out).tolist() == [*range(100), *range(900, 1000)]
    with pytest.raises(UsageError, match="blocks=-1"), ptx.device(blocks=-1):
        pass
