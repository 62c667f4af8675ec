"""Shuffles, votes and reductions, in whole and in short warps."""

from __future__ import annotations

import numpy as np
import pytest

from opbench import ptx

from ..kernels import kernel

STORE = "mul.wide.u32 %d1, %r0, 4; add.s64 %d1, %d15, %d1; st.global.u32 [%d1], %r7;"


def threads_give(body: str, count: int) -> list[int]:
    """%r7 of each thread of one block; %r0 is its number."""
    found = np.zeros(count, np.uint32)
    ptx.run(kernel(f"mov.u32 %r0, %tid.x; {body} {STORE}"), None, 1, count, [found])
    numbers: list[int] = found.tolist()
    return numbers


@pytest.mark.parametrize(
    ("mode", "by", "clamp", "rule"),
    [
        ("bfly", 5, 31, lambda lane: lane ^ 5),
        ("up", 3, 0, lambda lane: lane - 3 if lane >= 3 else lane),
        ("down", 7, 31, lambda lane: lane + 7 if lane + 7 < 32 else lane),
        ("idx", 9, 31, lambda _: 9),
        ("down", 2, 0x181F, lambda lane: lane + 2 if lane % 8 < 6 else lane),
        ("idx", 3, 0x181F, lambda lane: lane // 8 * 8 + 3),
    ],
)
def test_shuffles_take_from_the_lane_that_the_formulas_give(mode: str, by: int, clamp: int, rule: object) -> None:
    assert callable(rule)
    body = f"add.u32 %r1, %r0, 100; shfl.sync.{mode}.b32 %r7|%p1, %r1, {by}, {clamp}, -1;"
    assert threads_give(body, 64) == [100 + 32 * warp + rule(lane) for warp in (0, 1) for lane in range(32)]


def test_the_predicate_of_a_shuffle_says_whether_the_lane_was_in_range() -> None:
    body = "shfl.sync.up.b32 %r7|%p1, %r0, 3, 0, -1; selp.b32 %r7, 1, 0, %p1;"
    assert threads_give(body, 32) == [0] * 3 + [1] * 29


def test_a_shuffle_from_a_lane_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ptx.KernelError, match=r"reads lane 21, which does not take part .* thread \(5, 0, 0\)"):
        threads_give("shfl.sync.bfly.b32 %r7, %r0, 16, 31, -1;", 21)


def test_a_thread_outside_of_the_mask_that_it_gives_is_an_error() -> None:
    with pytest.raises(ptx.KernelError, match=r"not in the member mask 0x0000ffff .* thread \(16, 0, 0\)"):
        threads_give("shfl.sync.bfly.b32 %r7, %r0, 1, 31, 0xffff;", 32)


def test_threads_that_diverged_meet_again_at_a_shuffle_of_all() -> None:
    body = """
    mov.u32 %r1, 1; and.b32 %r2, %r0, 1; setp.eq.u32 %p1, %r2, 0; @%p1 bra EVEN;
    mov.u32 %r1, 50; bra MEET;
    EVEN: mov.u32 %r1, 7;
    MEET: shfl.sync.bfly.b32 %r7, %r1, 1, 31, -1;"""
    assert threads_give(body, 32) == [50, 7] * 16


def test_a_shuffle_whose_members_went_elsewhere_never_ends_and_says_so() -> None:
    body = """
    mov.u32 %r7, 0; setp.lt.u32 %p1, %r0, 16; @%p1 bra LOW;
    shfl.sync.bfly.b32 %r7, %r0, 1, 31, -1; bra MEET;
    LOW: shfl.sync.bfly.b32 %r7, %r0, 2, 31, -1;
    MEET:"""
    with pytest.raises(ptx.KernelError, match="diverged"):
        threads_give(body, 32)


def test_votes_count_only_threads_that_are_there() -> None:
    odd = "and.b32 %r1, %r0, 1; setp.eq.u32 %p1, %r1, 1;"
    assert threads_give(f"{odd} vote.sync.ballot.b32 %r7, %p1, -1;", 37) == [0xAAAAAAAA] * 32 + [0b01010] * 5
    below = "setp.lt.u32 %p1, %r0, 32;"
    for mode, expected in (("all", [1, 0]), ("any", [1, 0]), ("uni", [1, 1])):
        body = f"{below} vote.sync.{mode}.pred %p2, %p1, -1; selp.b32 %r7, 1, 0, %p2;"
        assert threads_give(body, 37) == [expected[0]] * 32 + [expected[1]] * 5, mode


def test_the_active_mask_is_of_those_who_took_the_branch() -> None:
    body = "mov.u32 %r7, 0; setp.lt.u32 %p1, %r0, 3; @!%p1 bra MEET; activemask.b32 %r7; MEET:"
    assert threads_give(body, 32) == [7] * 3 + [0] * 29


@pytest.mark.parametrize(("operation", "expected"), [("add", 496), ("max", 31), ("min", 0), ("xor", 0), ("or", 31)])
def test_reductions_are_over_the_members_of_the_warp(operation: str, expected: int) -> None:
    kind = "u32" if operation in {"add", "max", "min"} else "b32"
    assert threads_give(f"redux.sync.{operation}.{kind} %r7, %r0, -1;", 32) == [expected] * 32


def test_matrices_go_through_shared_memory_by_rows_of_eight() -> None:
    body = """
    shl.b32 %r1, %r0, 16; or.b32 %r1, %r1, %r0; shl.b32 %r2, %r0, 4;
    stmatrix.sync.aligned.m8n8.x1.shared.b16 [%r2], {%r1};
    bar.sync 0;
    ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r7}, [%r2];"""
    found = np.zeros(32, np.uint32)
    outside = ".shared .align 16 .b8 tile[512];"
    ptx.run(kernel(f"mov.u32 %r0, %tid.x; {body} {STORE}", outside=outside), None, 1, 32, [found])
    # Element (row, column) was of lane 4 * row + column // 2; transposed, lane l has column l // 4.
    expected = [4 * (2 * (lane % 4) + half) + lane // 4 // 2 for lane in range(32) for half in (0, 1)]
    assert [half for word in found.tolist() for half in (word & 0xFFFF, word >> 16)] == expected


def test_matrices_are_of_the_warps_that_come_to_them_alone() -> None:
    body = """
    mov.u32 %r7, 7; shr.u32 %r1, %r0, 5; setp.eq.u32 %p1, %r1, 1; @%p1 bra $L1;
    shl.b32 %r2, %r0, 4;
    stmatrix.sync.aligned.m8n8.x1.shared.b16 [%r2], {%r0};
    bar.warp.sync -1;
    ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r7}, [%r2];
    $L1:"""
    found = np.zeros(96, np.uint32)
    outside = ".shared .align 16 .b8 tile[1536];"
    ptx.run(kernel(f"mov.u32 %r0, %tid.x; {body} {STORE}", outside=outside), None, 1, 96, [found])
    assert found.tolist() == [*range(32), *[7] * 32, *range(64, 96)]


GUARDED = """mov.u32 %r0, %tid.x; setp.lt.u32 %p1, %r0, 5; setp.eq.u32 %p2, %r0, 2;
mov.u32 %r1, 99; mov.u32 %r2, 99; mov.u32 %r3, 99; mov.u32 %r4, 99;
@%p1 shfl.sync.idx.b32 %r1, %r0, 3, 31, 31;
@%p1 vote.sync.ballot.b32 %r2, %p2, 31;
@%p1 redux.sync.add.u32 %r3, %r0, 31;
@%p1 activemask.b32 %r4;
@%p1 redux.sync.max.u32 _, %r0, 31;
@%p1 activemask.b32 _;
mad.wide.u32 %d1, %r0, 16, %d15;
st.global.v4.u32 [%d1], {%r1, %r2, %r3, %r4};"""


def test_what_a_warp_does_under_a_guard_is_of_the_lanes_that_execute_it() -> None:
    found = np.zeros((32, 4), np.uint32)
    ptx.run(kernel(GUARDED), None, 1, 32, [found])
    assert found[:5].tolist() == [[3, 1 << 2, 0 + 1 + 2 + 3 + 4, 0b11111]] * 5
    assert (found[5:] == 99).all()


@pytest.mark.parametrize(
    ("instruction", "said"),
    [
        ("@%p1 shfl.sync.idx.b32 %r1, %r0, 7, 31, 31;", "reads lane 7, which does not take part in this shuffle"),
        ("@%p1 vote.sync.any.pred %p3, %p1, 3;", "its lane is not in the member mask 0x00000003 that it gives"),
    ],
)
def test_a_guard_does_not_let_a_lane_in_that_is_outside(instruction: str, said: str) -> None:
    begin = "mov.u32 %r0, %tid.x; setp.lt.u32 %p1, %r0, 5;"
    with pytest.raises(ptx.KernelError, match=said):
        ptx.run(kernel(f"{begin}\n{instruction}"), None, 1, 32, [np.zeros(1, np.uint64)])
