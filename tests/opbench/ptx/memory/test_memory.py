"""What a thread must not do with memory, and what an error says of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from opbench import ptx
from opbench.errors import UsageError

from ..kernels import kernel

FIRST = "mov.u32 %r0, %tid.x; mov.u32 %r1, 5;"


def run(body: str, count: int = 1, outside: str = "", shared: int = 0, size: int = 7) -> list[int]:
    """What the kernel leaves in an array of `size` 32-bit words that were 0."""
    words = np.zeros(size, np.uint32)
    ptx.run(kernel(f"{FIRST} {body}", outside=outside), None, 1, count, [words], shared=shared)
    numbers: list[int] = words.tolist()
    return numbers


def test_an_array_is_reached_to_its_last_byte_and_not_one_further() -> None:
    assert run("st.global.u8 [%d15+27], %r1;")[6] == 5 << 24
    with pytest.raises(
        ptx.KernelError, match=r"out of bounds: writes 1 bytes at .*, 0 bytes past the end of a \(28 byt"
    ):
        run("st.global.u8 [%d15+28], %r1;")
    with pytest.raises(ptx.KernelError, match="1 bytes before a"):
        run("ld.global.u8 %r2, [%d15+-1];")
    with pytest.raises(ptx.KernelError, match="8 bytes across the end of a"):
        run("ld.global.v4.u32 {%r2, %r3, %r4, %r5}, [%d15+16];", size=6)


def test_an_address_that_lost_its_upper_half_points_nowhere() -> None:
    with pytest.raises(ptx.KernelError, match="out of bounds: reads 4 bytes at global address"):
        run("cvt.u32.u64 %r3, %d15; cvt.u64.u32 %d1, %r3; ld.global.u32 %r2, [%d1];")


def test_an_error_names_kernel_instruction_source_thread_and_block() -> None:
    body = ".loc 1 21 4\nmad.wide.u32 %d1, %r0, 4, %d15; st.global.u32 [%d1], %r0;"
    text = kernel(f"{FIRST} {body}") + '.file 1 "somewhere/pairs.py"\n'
    with pytest.raises(ptx.KernelError) as caught:
        ptx.run(text, "k", (2, 1), (11, 1, 1), [np.zeros(7, np.uint32)])
    message = str(caught.value)
    assert message.startswith("k: out of bounds: writes 4 bytes at global address 0x7f")
    assert "st.global.u32 [%d1], %r0 (PTX line " in message
    assert message.endswith("somewhere/pairs.py:21), thread (7, 0, 0) of block (0, 0, 0)")


def test_an_access_must_be_aligned_to_all_it_takes_at_once() -> None:
    assert run("st.global.v2.u32 [%d15+8], {%r1, %r1};") == [0, 0, 5, 5, 0, 0, 0]
    with pytest.raises(ptx.KernelError, match=r"misaligned: writes 8 bytes at global address 0x7f.*4;"):
        run("st.global.v2.u32 [%d15+4], {%r1, %r1};")


def test_a_narrow_load_is_extended_as_its_type_says() -> None:
    body = "st.global.u32 [%d15], {0}; ld.global.{1}8 %r2, [%d15]; st.global.u32 [%d15+4], %r2;"
    assert run("mov.u32 %r3, 0x1F0; " + body.format("%r3", "s"))[1] == 2**32 - 16
    assert run("mov.u32 %r3, 0x1F0; " + body.format("%r3", "u"))[1] == 0xF0


def test_a_register_that_was_never_written_must_not_be_used() -> None:
    for use in ("st.global.u32 [%d15], %r9;", "ld.global.u32 %r2, [%d9];", "setp.eq.u32 %p1, %r9, 0; @%p1 ret;"):
        with pytest.raises(ptx.KernelError, match=r"uninitialised: uses %(r9|d9|p1), which was never written"):
            run(use)


def test_what_was_computed_from_it_is_as_unknown_and_may_be_dropped() -> None:
    body = "add.u32 %r2, %r9, 1; mov.u32 %r3, %r2; setp.eq.u32 %p1, %r0, {}; selp.b32 %r4, %r3, %r1, %p1;"
    body += "st.global.u32 [%d15], %r4;"
    assert run(body.format(1))[0] == 5
    with pytest.raises(
        ptx.KernelError, match=r"uses %r4, which was never written, or computed from what was not; st.gl"
    ):
        run(body.format(0))


def test_a_register_that_only_some_threads_wrote_is_an_error_for_the_others() -> None:
    body = "setp.lt.u32 %p1, %r0, 3; @%p1 mov.u32 %r9, 8; setp.lt.u32 %p2, %r0, {}; @%p2 st.global.u32 [%d15], %r9;"
    assert run(body.format(3), 5)[0] == 8
    with pytest.raises(ptx.KernelError, match=r"uses %r9, which was never written, .* thread \(3, 0, 0\)"):
        run(body.format(4), 5)


def test_a_register_that_one_path_leaves_unwritten_is_known_on_the_other() -> None:
    body = "setp.lt.u32 %p1, %r0, {}; @%p1 bra SET; bra MEET; SET: mov.u32 %r9, 6; MEET: st.global.u32 [%d15], %r9;"
    assert run(body.format(5), 5)[0] == 6
    with pytest.raises(ptx.KernelError, match=r"uses %r9, .* thread \(4, 0, 0\)"):
        run(body.format(4), 5)


SHARED = ".shared .align 16 .b8 tile[48];"


def test_shared_memory_has_bounds_and_must_be_written_before_it_is_read() -> None:
    assert (
        run("st.shared.u32 [tile+44], %r1; ld.shared.u32 %r2, [tile+44]; st.global.u32 [%d15], %r2;", 1, SHARED)[0] == 5
    )
    with pytest.raises(ptx.KernelError, match="writes 4 bytes at shared address 0x30; this block has 48 bytes"):
        run("st.shared.u32 [tile+48], %r1;", 1, SHARED)
    with pytest.raises(ptx.KernelError, match=r"uninitialised: reads 4 bytes at shared address 0x8"):
        run("st.shared.u16 [tile+8], %r1; ld.shared.u32 %r2, [tile+8];", 1, SHARED)


def test_an_address_of_32_bits_wraps() -> None:
    body = "mov.u32 %r2, -4; st.shared.u32 [%r2+8], %r1; ld.shared.u32 %r3, [tile+4]; st.global.u32 [%d15], %r3;"
    assert run(body, 1, SHARED)[0] == 5


def test_dynamic_shared_memory_lies_behind_what_is_declared() -> None:
    outside = SHARED + "\n.extern .shared .align 16 .b8 more[];"
    body = "mov.u32 %r2, more; st.global.u32 [%d15], %r2; st.shared.u32 [more+8], %r1;"
    assert run(body, 1, outside, shared=12)[0] == 48
    with pytest.raises(ptx.KernelError, match="shared address 0x38; this block has 56 bytes"):
        run(body, 1, outside, shared=8)


EXCHANGE = """
shl.b32 %r2, %r0, 2; st.shared.u32 [%r2], %r0; {} xor.b32 %r3, %r2, {}; ld.shared.u32 %r4, [%r3]; {}
mul.wide.u32 %d1, %r0, 4; add.s64 %d1, %d15, %d1; st.global.u32 [%d1], %r4;"""
BUFFER = ".shared .align 4 .b8 buffer[256];"


def test_warps_that_exchange_values_need_a_barrier_between() -> None:
    assert run(EXCHANGE.format("bar.sync 0;", 128, ""), 64, BUFFER, size=64) == [each ^ 32 for each in range(64)]
    with pytest.raises(
        ptx.KernelError, match=r"race: reads 4 bytes of shared memory that warp \d accessed with no barrier"
    ):
        run(EXCHANGE.format("", 128, ""), 64, BUFFER, size=64)


def test_warps_that_meet_by_themselves_need_no_barrier_of_the_block() -> None:
    assert run(EXCHANGE.format("bar.warp.sync -1;", 4, ""), 64, BUFFER, size=64) == [each ^ 1 for each in range(64)]


def test_writing_over_what_another_warp_still_reads_is_a_race() -> None:
    with pytest.raises(ptx.KernelError, match="race: writes 4 bytes of shared memory that warp"):
        run(EXCHANGE.format("bar.sync 0;", 128, "st.shared.u32 [%r2], %r1;"), 64, BUFFER, size=64)
    body = EXCHANGE.format("bar.sync 0;", 128, "bar.sync 0; st.shared.u32 [%r2], %r1;")
    assert run(body, 64, BUFFER, size=64)[0] == 32


def test_two_warps_may_write_one_word_only_if_it_is_the_same() -> None:
    assert run("st.shared.u32 [buffer], %r1;", 64, BUFFER) == [0] * 7
    with pytest.raises(ptx.KernelError, match="race: writes 4 bytes of shared memory that warp 1"):
        run("st.shared.u32 [buffer], %r0;", 64, BUFFER)


def test_generic_addresses_reach_every_space() -> None:
    body = """
    cvta.shared.u64 %d2, 0; setp.eq.u32 %p1, %r0, 0; selp.b64 %d3, %d2, %d15, %p1;
    add.u32 %r2, %r0, 40; st.u32 [%d3], %r2; ld.u32 %r4, [%d3]; mul.wide.u32 %d1, %r0, 4; add.s64 %d1, %d15, %d1;
    st.u32 [%d1+8], %r4;"""
    assert run(body, 2, BUFFER) == [41, 0, 40, 41, 0, 0, 0]


def test_local_memory_is_of_each_thread() -> None:
    body = """
    .local .align 8 .b8 depot[8];
    st.local.u32 [depot], %r0; ld.local.u32 %r2, [depot+{}]; mul.wide.u32 %d1, %r0, 4; add.s64 %d1, %d15, %d1;
    st.global.u32 [%d1], %r2;"""
    assert run(body.format(0), 7) == list(range(7))
    with pytest.raises(ptx.KernelError, match="uninitialised: reads 4 bytes at local address 0x4"):
        run(body.format(4), 7)


def test_constants_have_their_initial_values() -> None:
    outside = ".const .align 4 .u32 table[3] = {7, 0x1F, -1};"
    assert run("ld.const.u32 %r2, [table+4]; st.global.u32 [%d15], %r2;", 1, outside)[0] == 31
    with pytest.raises(ptx.KernelError, match="0 bytes past the end of variable table"):
        run("ld.const.u32 %r2, [table+12];", 1, outside)


def test_atomics_take_turns_in_the_order_of_threads() -> None:
    body = """
    atom.global.add.u32 %r2, [%d15], 3; mul.wide.u32 %d1, %r0, 4; add.s64 %d1, %d15, %d1;
    st.global.u32 [%d1+4], %r2;"""
    assert run(body, 6) == [18, 0, 3, 6, 9, 12, 15]
    assert run("red.global.max.u32 [%d15+4], %r0;", 6)[1] == 5
    assert run("atom.global.cas.b32 %r2, [%d15], 0, %r1; add.u32 %r1, %r1, 1;", 3)[0] == 5


def test_read_only_arrays_stay_so_and_overlapping_ones_are_refused() -> None:
    words = np.zeros(7, np.uint32)
    words.flags.writeable = False
    with pytest.raises(UsageError, match="wrote into a, which is read-only"):
        ptx.run(kernel(f"{FIRST} st.global.u32 [%d15], %r1;"), None, 1, 1, [words])
    whole = np.zeros(8, np.uint32)
    text = kernel("", [".u64 a", ".u64 b"])
    with pytest.raises(UsageError, match="b overlaps a"):
        ptx.run(text, None, 1, 1, [whole[:5], whole[3:]])


def test_tensors_of_any_dtype_are_arguments_and_the_same_one_twice_is_one() -> None:
    x = torch.arange(3, dtype=torch.bfloat16)
    text = kernel("ld.global.b16 %h1, [%d15+4]; st.global.b16 [%d14], %h1;", [".u64 a", ".u64 b"])
    ptx.run(text, None, 1, 1, [x, x])
    assert x.tolist() == [2, 1, 2]


def test_a_thread_may_not_leave_its_own_local_memory() -> None:
    body = ".local .align 4 .b8 own[8]; mov.u32 %r1, 7; st.local.u32 [own+4], %r1; st.local.u32 [own+8], %r1;"
    with pytest.raises(ptx.KernelError, match=r"out of bounds: .* 4 bytes at local address"):
        ptx.run(kernel(body), None, 1, 3, [np.zeros(1, np.uint64)])
