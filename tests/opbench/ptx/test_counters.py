"""What an access costs, against numbers that one counts by hand."""

from __future__ import annotations

import numpy as np
import pytest

from opbench import ptx
from opbench.ptx.counters import Counters, Traffic

from .kernels import kernel

THREAD = "mov.u32 %r0, %tid.x; mov.u32 %r1, 0;"
SHARED = ".shared .align 16 .b8 tile[16384];"


def counted(body: str, threads: int = 32, words: int = 4096, blocks: int = 1) -> Counters:
    text = kernel(f"{THREAD} {body}", outside=SHARED)
    return ptx.run(text, None, blocks, threads, [np.zeros(words, np.uint32)]).counters


def only(counters: Counters) -> Traffic:
    (traffic,) = counters.accesses.values()
    return traffic


def shared_store(index: str, kind: str, threads: int = 32) -> Traffic:
    """Of a store at byte `index` of %r2, which holds the thread's number."""
    values = {"u32": "%r1", "v2.u32": "{%r1, %r1}", "v4.u32": "{%r1, %r1, %r1, %r1}", "u8": "%r1"}
    start = "mov.u32 %r2, %r0; mov.u32 %r3, tile;"
    return only(counted(f"{start} {index} add.u32 %r3, %r3, %r2; st.shared.{kind} [%r3], {values[kind]};", threads))


@pytest.mark.parametrize(
    ("stride", "wavefronts"), [(4, 1), (8, 2), (12, 1), (16, 4), (20, 1), (64, 16), (128, 32), (132, 1), (0, 1)]
)
def test_words_of_one_bank_take_turns_and_the_same_word_is_shared(stride: int, wavefronts: int) -> None:
    traffic = shared_store(f"mul.lo.u32 %r2, %r2, {stride};", "u32")
    assert (traffic.wavefronts, traffic.ideal, traffic.conflicts) == (wavefronts, 1, wavefronts - 1)


def test_bytes_of_one_word_are_one_turn() -> None:
    assert shared_store("", "u8").wavefronts == 1


@pytest.mark.parametrize(("kind", "stride", "wavefronts", "ideal"), [
    ("v2.u32", 8, 2, 2), ("v2.u32", 16, 4, 2), ("v4.u32", 16, 4, 4), ("v4.u32", 32, 8, 4), ("v4.u32", 128, 32, 4),
])  # fmt: skip
def test_wide_accesses_go_by_halves_and_quarters(kind: str, stride: int, wavefronts: int, ideal: int) -> None:
    traffic = shared_store(f"mul.lo.u32 %r2, %r2, {stride};", kind)
    assert (traffic.wavefronts, traffic.ideal) == (wavefronts, ideal)


def test_every_warp_goes_to_the_banks_alone() -> None:
    traffic = shared_store("mul.lo.u32 %r2, %r2, 8;", "u32", threads=71)
    assert (traffic.requests, traffic.wavefronts, traffic.ideal) == (3, 2 + 2 + 1, 3)  # the last warp has 7 threads
    assert (traffic.bytes, traffic.sectors, traffic.coalescing) == (4 * 71, 0, None)


def test_a_strided_read_moves_more_than_it_asks_for() -> None:
    traffic = only(counted("mad.wide.u32 %d1, %r0, 12, %d15; ld.global.u32 %r2, [%d1];", threads=33))
    assert (traffic.requests, traffic.bytes) == (2, 132)
    assert traffic.sectors == 12 + 1  # 31 * 12 + 4 bytes are 376: 12 sectors; thread 32 alone
    assert traffic.coalescing == pytest.approx(132 / (13 * 32))


def test_sectors_that_several_warps_read_are_distinct_once() -> None:
    counters = counted("ld.global.u32 %r2, [%d15]; ld.global.u32 %r3, [%d15+64];", threads=97, blocks=3)
    assert (counters.sectors_read, counters.distinct_sectors_read) == (2 * 4 * 3, 2)
    written = counted("st.global.u32 [%d15], %r1; st.global.u32 [%d15+4], %r1;", threads=1)
    assert (written.sectors_written, written.distinct_sectors_written, written.distinct_sectors_read) == (2, 1, 0)


def test_an_atomic_reads_and_writes_its_sector() -> None:
    counters = counted("red.global.add.u32 [%d15], %r1;", threads=5)
    assert (counters.distinct_sectors_read, counters.distinct_sectors_written) == (1, 1)
    assert only(counters).atomic


def test_local_memory_lies_word_by_word_over_the_lanes() -> None:
    body = ".local .align 8 .b8 own[16]; mov.u32 %r3, own; st.local.u64 [%r3+8], %d15;"
    traffic = only(counted(body, threads=32))
    assert (traffic.space, traffic.requests, traffic.sectors, traffic.bytes) == ("local", 1, 8, 256)


def test_divergence_is_told_of_its_branch() -> None:
    body = "setp.lt.u32 %p1, %r0, 40; @%p1 bra A; mov.u32 %r2, 1; A: setp.lt.u32 %p2, %r0, 999; @%p2 bra B; B:"
    branches = [each for each in counted(body, threads=96).executed.values() if each.instruction.opcode == "bra"]
    assert [(each.warps, each.threads, each.divergent) for each in branches] == [(3, 96, 1), (3, 96, 0)]


def test_what_a_guard_keeps_from_happening_is_executed_and_moves_nothing() -> None:
    counters = counted("setp.gt.u32 %p1, %r0, 99; @%p1 st.global.u32 [%d15], %r1;")
    assert (counters.instructions["st"], counters.accesses) == (1, {})
