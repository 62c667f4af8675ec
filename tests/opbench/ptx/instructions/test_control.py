"""Branches, barriers, loops, exits, and the ways in which they go wrong."""

from __future__ import annotations

import numpy as np
import pytest

from opbench import ptx
from opbench.errors import UsageError
from opbench.ptx.running.blocks import basic_blocks

from ..kernels import kernel

STORE = "mul.wide.u32 %d1, %r0, 4; add.s64 %d1, %d15, %d1; st.global.u32 [%d1], %r7;"


def threads_give(body: str, count: int, limit: int = 10**7, blocks: int = 1) -> tuple[list[int], ptx.Counters]:
    """%r7 of every thread, %r0 is its number among all; and the counters."""
    head = "mov.u32 %r0, %ctaid.x; mov.u32 %r1, %ntid.x; mov.u32 %r2, %tid.x; mad.lo.u32 %r0, %r0, %r1, %r2;"
    found = np.zeros(count * blocks, np.uint32)
    text = kernel(f"{head} mov.u32 %r7, 0; {body} {STORE}", outside=".shared .align 4 .b8 words[512];")
    result = ptx.run(text, None, blocks, count, [found], limit=limit)
    numbers: list[int] = found.tolist()
    return numbers, result.counters


def test_threads_go_round_a_loop_as_often_as_each_has_to() -> None:
    body = (
        "mov.u32 %r3, 0; AGAIN: add.u32 %r7, %r7, %r3; add.u32 %r3, %r3, 1; setp.le.u32 %p1, %r3, %r0; @%p1 bra AGAIN;"
    )
    found, counters = threads_give(body, 37, blocks=3)
    assert found == [n * (n + 1) // 2 for n in range(111)]
    assert counters.divergent_branches > 0


def test_paths_that_part_meet_again_behind() -> None:
    body = """
    and.b32 %r3, %r0, 3; setp.eq.u32 %p1, %r3, 0; setp.eq.u32 %p2, %r3, 1;
    @%p1 bra ZERO; @%p2 bra ONE; mov.u32 %r7, 20; bra MEET;
    ZERO: mov.u32 %r7, 5; bra MEET;
    ONE: mov.u32 %r7, 11;
    MEET: add.u32 %r7, %r7, 1;"""
    found, counters = threads_give(body, 64)
    assert found == [6, 12, 21, 21] * 16
    assert counters.divergent_branches == 4  # of two branches, in two warps
    assert counters.instructions["st"] == 2  # all 32 threads of each warp are together again


def test_a_branch_that_none_of_one_path_takes_leaves_the_other_path_alone() -> None:
    body = """
    and.b32 %r3, %r0, 1; setp.eq.u32 %p1, %r3, 0; @%p1 bra EVEN;
    setp.gt.u32 %p2, %r0, 1000; @%p2 bra EVEN; mov.u32 %r7, 5; bra MEET;
    EVEN: mov.u32 %r7, 8;
    MEET:"""
    assert threads_give(body, 33)[0] == [8, 5] * 16 + [8]


def test_who_has_exited_writes_nothing_more_and_keeps_nobody_waiting() -> None:
    body = "setp.ge.u32 %p1, %r0, 40; @%p1 ret; mov.u32 %r7, 9; bar.sync 0;"
    found, counters = threads_give(body, 50)
    assert found == [9] * 40 + [0] * 10
    assert counters.barriers == 1


def test_some_may_exit_while_the_others_go_another_way() -> None:
    body = "setp.ge.u32 %p1, %r0, 40; @%p1 bra OUT; mov.u32 %r7, 9; bra.uni ON; OUT: ret; ON: bar.sync 0;"
    found, counters = threads_give(body, 50)
    assert found == [9] * 40 + [0] * 10
    assert counters.instructions["ret"] == 1 + 2  # of the second warp, and of both at the end


def test_a_label_that_nothing_branches_to_begins_no_block() -> None:
    body = "$L__tmp0: mov.u32 %r1, 5; $L__func_begin0: mov.u32 %r2, 6; bra ON; $L__tmp1: ON: mov.u32 %r3, 7;"
    blocks = basic_blocks(ptx.parse(kernel(body, [".u32 a"])).kernel())
    assert [[each.opcode for each in block.instructions] for block in blocks] == [["mov", "mov", "bra"], ["mov", "ret"]]


def test_a_uniform_branch_is_not_divergent() -> None:
    _, counters = threads_give("setp.lt.u32 %p1, %r0, 32; @%p1 bra LOW; mov.u32 %r7, 1; LOW:", 64)
    assert (counters.branches, counters.divergent_branches) == (2, 0)


def test_a_barrier_waits_for_all_warps_of_its_block_and_no_others() -> None:
    body = """
    setp.lt.u32 %p1, %r2, 32; shl.b32 %r3, %r2, 2; @!%p1 bra MEET; st.shared.u32 [%r3], %r0;
    MEET: bar.sync 0; and.b32 %r3, %r3, 127; ld.shared.u32 %r7, [%r3];"""
    found, counters = threads_give(body, 70, blocks=3)
    assert found == [70 * block + thread % 32 for block in range(3) for thread in range(70)]
    assert counters.barriers == 3


def test_warps_may_meet_at_different_instructions_of_one_barrier() -> None:
    body = """
    setp.lt.u32 %p1, %r0, 32; @%p1 bra LOW; st.shared.u32 [words], %r0; bar.sync 1; mov.u32 %r7, 3; bra MEET;
    LOW: bar.sync 1; mov.u32 %r7, 4;
    MEET:""".replace("st.shared.u32 [words], %r0; ", "")
    found, counters = threads_give(body, 64)
    assert found == [4] * 32 + [3] * 32
    assert counters.barriers == 1


@pytest.mark.parametrize("other", ["bar.sync 2;", "", "AGAIN: bra AGAIN;"])
def test_a_barrier_that_some_threads_never_reach_is_an_error(other: str) -> None:
    body = f"setp.lt.u32 %p1, %r0, 7; @%p1 bra LOW; bar.sync 1; bra MEET; LOW: {other} bar.sync 2; MEET:"
    with pytest.raises(ptx.KernelError, match=r"diverged: threads wait here|an endless loop"):
        threads_give(body, 64, limit=10**4)


def test_warps_at_barriers_of_different_numbers_do_not_meet() -> None:
    body = "setp.lt.u32 %p1, %r0, 32; @%p1 bra LOW; bar.sync 1; bra MEET; LOW: bar.sync 2; MEET:"
    with pytest.raises(ptx.KernelError, match="diverged: threads wait here for others that wait at PTX lines"):
        threads_give(body, 64)


def test_a_barrier_in_half_a_warp_is_an_error_though_the_numbers_match() -> None:
    body = "setp.lt.u32 %p1, %r0, 7; @%p1 bra LOW; bar.sync 0; bra MEET; LOW: bar.sync 0; MEET:"
    with pytest.raises(ptx.KernelError, match=r"diverged: threads wait here .* \(PTX line \d+\), thread"):
        threads_give(body, 32)


def test_an_endless_loop_stops_at_the_limit_and_says_so() -> None:
    with pytest.raises(ptx.KernelError, match="more than 5000 thread instructions: an endless loop"):
        threads_give("AGAIN: add.u32 %r7, %r7, 1; bra AGAIN;", 3, limit=5000)


def test_a_trap_stops_the_kernel() -> None:
    with pytest.raises(ptx.KernelError, match=r"trap: the kernel stops itself; @%p1 trap .* thread \(2, 0, 0\)"):
        threads_give("setp.eq.u32 %p1, %r0, 2; @%p1 trap;", 5)


def test_an_instruction_under_a_guard_leaves_the_other_threads_as_they_were() -> None:
    found, _ = threads_give(
        "mov.u32 %r7, 3; setp.lt.u32 %p1, %r0, 2; @%p1 add.u32 %r7, %r7, %r0; @!%p1 mov.u32 %r7, 8;", 4
    )
    assert found == [3, 4, 8, 8]


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_blocks_run_in_any_order(seed: int | None) -> None:
    words = np.zeros(7, np.uint32)
    text = kernel("mov.u32 %r0, %ctaid.x; mad.wide.u32 %d1, %r0, 4, %d15; st.global.u32 [%d1], %r0;")
    ptx.run(text, None, 7, 1, [words], seed=seed)
    assert words.tolist() == list(range(7))


@pytest.mark.parametrize(
    ("instruction", "reason"),
    [
        ("frob.u32 %r1, %r2;", "no instruction 'frob'"),
        ("add.wide.u32 %r1, %r2, %r3;", "no modifier 'wide'"),
        ("add.u32 %r1, %r2;", "expected 3 operands, got 2"),
        ("add.u64 %d1, %r2, %d3;", "%r2 is .b32, expected .u64"),
        ("add.pred %p1, %p2, %p3;", "no type 'pred'"),
        ("bar.red.popc.u32 %r1, 0, %p1;", "only bar.sync, barrier.sync and bar.warp.sync"),
        ("bar.sync 0, 64;", "all threads of the block"),
        ("call f;", "no instruction 'call'"),
        ("shfl.bfly.b32 %r1, %r2, 1, 31;", "expected shfl.sync"),
    ],
)
def test_what_is_not_known_is_refused_before_anything_runs(instruction: str, reason: str) -> None:
    text = kernel(instruction, outside=".func f;")
    line = next(at for at, each in enumerate(text.splitlines(), 1) if instruction in each)
    with pytest.raises(UsageError) as caught:
        ptx.run(text, None, 1, 1, [np.zeros(1, np.uint32)])
    assert str(caught.value).startswith(f"PTX line {line}: {instruction.removesuffix(';')}: ")
    assert reason in str(caught.value)
