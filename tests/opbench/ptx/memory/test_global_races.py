"""Global memory between blocks and warps: races, outputs that nobody wrote, orders, and blocks chosen to run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from opbench import ptx
from opbench.errors import UsageError

from ..kernels import kernel

START = """
mov.u32 %r0, %tid.x; mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mad.lo.u32 %r3, %r1, %r2, %r0;
mad.wide.u32 %d1, %r3, 4, %d15;"""
OWN = "st.global.u32 [%d1], %r3;"


def run(body: str, grid: int = 1, block: int = 1, size: int = 97, **options: Any) -> tuple[list[int], ptx.Result]:
    """What the kernel leaves in `size` words that were 0, and its result."""
    words = np.zeros(size, np.uint32)
    if options.pop("output", False):
        options["uninitialised"] = [words]
    result = ptx.run(kernel(START + body), None, grid, block, [words], **options)
    return words.tolist(), result


def test_what_a_block_writes_no_other_may_read_in_either_order() -> None:
    for seed in (None, 0, 1, 2):
        with pytest.raises(ptx.KernelError, match=r"race: (reads|writes) 4 bytes of global memory that .* of block"):
            run(OWN + "xor.b32 %r4, %r3, 1; mad.wide.u32 %d2, %r4, 4, %d15; ld.global.u32 %r5, [%d2];", 2, seed=seed)
    run(OWN + "ld.global.u32 %r5, [%d1];", 2)


def test_blocks_far_apart_that_do_not_run_together_race_too() -> None:
    body = "setp.eq.u32 %p1, %r3, {}; @%p1 st.global.u32 [%d15+388], %r3; setp.eq.u32 %p2, %r3, 0;"
    body += "@%p2 ld.global.u32 %r5, [%d15+388];"
    with pytest.raises(ptx.KernelError, match="race: writes 4 bytes of global memory that"):
        run(body.format(40 * 1024), 41, 1024, size=98)
    run(body.format(0), 41, 1024, size=98)


def test_several_may_write_one_word_only_if_it_is_the_same() -> None:
    assert run("st.global.u32 [%d15], 7;", 3, 67)[0][0] == 7
    for grid, block in ((2, 1), (1, 64)):
        with pytest.raises(ptx.KernelError, match="race: writes 4 bytes of global memory that warp"):
            run("st.global.u32 [%d15], %r3;", grid, block)


def test_warps_of_a_block_need_a_barrier_between() -> None:
    body = OWN + "{} xor.b32 %r4, %r0, 32; mad.wide.u32 %d2, %r4, 4, %d15; ld.global.u32 %r5, [%d2];"
    run(body.format("bar.sync 0;"), 1, 64)
    with pytest.raises(ptx.KernelError, match=r"race: reads 4 bytes of global memory that warp 1 of block \(0, 0, 0\)"):
        run(body.format(""), 1, 64)


def test_what_several_read_nobody_else_may_write() -> None:
    body = "ld.global.u32 %r4, [%d15]; setp.eq.u32 %p1, %r3, {}; @%p1 st.global.u32 [%d15], 1;"
    with pytest.raises(ptx.KernelError, match="that several blocks accessed"):
        run(body.format(2), 3)
    with pytest.raises(ptx.KernelError, match=r"that several warps of block \(0, 0, 0\) accessed"):
        run(body.format(0), 1, 97)


def test_atomics_race_with_loads_and_stores_and_not_with_each_other() -> None:
    assert run("red.global.add.u32 [%d15], 1;", 5, 33)[0][0] == 165
    both = "red.global.add.u32 [%d15], 1; setp.eq.u32 %p1, %r3, 1;"
    for beside in ("ld.global.u32 %r4, [%d15];", "st.global.u32 [%d15], 2;"):
        with pytest.raises(ptx.KernelError, match="race: "):
            run(f"{both} @%p1 {beside}", 2)


def test_races_are_not_looked_for_where_told_nor_in_a_kernel_that_orders_its_blocks() -> None:
    body = "st.global.u32 [%d15], %r3;"
    assert run(body, 2, races=False)[0][0] == 1
    assert run(f"{body} fence.acq_rel.gpu;", 2)[0][0] == 1
    with pytest.raises(ptx.KernelError, match="race: "):
        run(f"{body} fence.acq_rel.cta;", 2)


def test_an_output_must_be_written_before_it_is_read() -> None:
    assert run(OWN + "ld.global.u32 %r4, [%d1];", 1, 97, output=True)[1].unwritten == {}
    for use in ("ld.global.u32 %r4, [%d1];", "red.global.add.u32 [%d1], 1;"):
        with pytest.raises(ptx.KernelError, match=r"uninitialised: .* 4 bytes at byte 0 of a, an output|reads 4 bytes"):
            run(use, output=True)
        run(use)


def test_holes_in_an_output_are_told_as_ranges_of_bytes() -> None:
    assert run(OWN, 1, 96, output=True)[1].unwritten == {"a": [(384, 388)]}
    skipped = "setp.eq.u32 %p1, %r3, 5; @%p1 ret;" + OWN
    assert run(skipped, 1, 97, output=True)[1].unwritten == {"a": [(20, 24)]}
    assert run("", output=True)[1].unwritten == {"a": [(0, 388)]}


def test_an_output_must_be_an_argument() -> None:
    with pytest.raises(UsageError, match=r"an array of 12 bytes that is no argument of kernel k; .* given for a"):
        run(OWN, uninitialised=[np.zeros(3, np.uint32)])


def test_chosen_blocks_run_and_no_others() -> None:
    words, result = run(OWN, 97, blocks=[96, 3])
    assert [place for place, word in enumerate(words) if word] == [3, 96]
    assert result.counters.instructions["st"] == 2
    for wrong in ([], [97], [-1], [3, 3]):
        with pytest.raises(UsageError, match="expected different numbers, at least one, from 0 to 96"):
            run(OWN, 97, blocks=wrong)


def test_a_result_that_depends_on_the_order_of_blocks_is_found() -> None:
    adds = "cvt.rn.f32.u32 %f1, %r3; div.rn.f32 %f2, 0f3F800000, %f1; red.global.add.f32 [%d15], %f2;"
    found = np.zeros(1, np.float32)
    with pytest.raises(ptx.KernelError, match=r"depends on an order, of blocks or .*: array argument number 0 has"):
        ptx.run_in_orders(kernel(START + "add.u32 %r3, %r3, 3;" + adds), None, 67, 1, [found])
    counts = np.zeros(1, np.uint32)
    ptx.run_in_orders(kernel(START + "red.global.add.u32 [%d15], %r3;"), None, 67, 1, [counts])
    assert counts.tolist() == [67 * 66 // 2]
    with pytest.raises(UsageError, match="orders=1"):
        ptx.run_in_orders(kernel(START), None, 1, 1, [counts], orders=1)


SUMMED = """
cvt.rn.f32.u32 %f1, %r1; add.f32 %f1, %f1, 0f40400000; div.rn.f32 %f2, 0f3F800000, %f1;
mov.b32 %r4, 0; st.shared.u32 [s], %r4; bar.sync 0;
red.shared.add.f32 [s], %f2; bar.sync 0;
ld.shared.f32 %f3, [s]; st.global.f32 [%d15], %f3;"""
"""A block's sum of 1 / (3 + thread), by atomics in shared memory."""


@pytest.mark.parametrize("threads", [31, 67])
def test_a_result_that_depends_on_the_order_of_warps_or_lanes_at_an_atomic_is_found(threads: int) -> None:
    found = np.zeros(1, np.float32)
    text = kernel("mov.u32 %r1, %tid.x;" + SUMMED, outside=".shared .align 4 .b8 s[4];")
    with pytest.raises(ptx.KernelError, match="depends on an order, of blocks or of threads at an atomic: array"):
        ptx.run_in_orders(text, None, 1, threads, [found], orders=6)
    whole = text.replace("div.rn.f32 %f2, 0f3F800000, %f1", "mov.f32 %f2, %f1")  # sums that are exact
    ptx.run_in_orders(whole, None, 1, threads, [found])
    assert found[0] == 3 * threads + threads * (threads - 1) / 2


@pytest.mark.parametrize(
    "between",
    [
        "@%p1 st.shared.u32 [s], %r1; ld.shared.u32 %r5, [s];",
        "@%p1 st.shared.u32 [s+4], %r1; bar.sync 0; st.shared.u32 [s], %r3; ld.shared.u32 %r5, [s];",
        "@%p1 st.global.u32 [%d15], %r1; ld.global.u32 %r5, [%d15];",
    ],
)
def test_what_depends_on_the_order_of_warps_without_atomics_is_a_race(between: str) -> None:
    body = f"""
    mov.u32 %r1, %tid.x; shr.u32 %r3, %r1, 5; mov.u32 %r4, 0; st.shared.v2.u32 [s], {{%r4, %r4}}; bar.sync 0;
    setp.lt.u32 %p1, %r1, 32; {between} bar.sync 0;"""
    with pytest.raises(ptx.KernelError, match="race: "):
        ptx.run(kernel(body, outside=".shared .align 8 .b8 s[8];"), None, 1, 64, [np.zeros(1, np.uint32)])
