"""Races between the threads of one warp, through shared memory: lockstep is promised by no device."""

from __future__ import annotations

import numpy as np
import pytest

from opbench import ptx

from ..kernels import kernel

OUTSIDE = ".shared .align 8 .b8 words[128];"
WRITE = "mov.u32 %r0, %tid.x; mul.lo.u32 %r1, %r0, 4; mov.u32 %r2, words; add.u32 %r3, %r2, %r1;"
WRITE += "st.shared.u32 [%r3], %r0;"
READ = "xor.b32 %r4, %r1, 4; add.u32 %r5, %r2, %r4; ld.shared.u32 %r6, [%r5];"
STORE = "cvt.u64.u32 %d1, %r1; add.u64 %d2, %d15, %d1; st.global.u32 [%d2], %r6;"
SAID = "race: {} 4 bytes of shared memory that lane {} of the same warp accessed with nothing in between"
MEETINGS = [
    "bar.warp.sync -1;",
    "bar.sync 0;",
    "shfl.sync.bfly.b32 %r7, %r0, 1, 31, -1;",
    "vote.sync.ballot.b32 %r7, %p1, -1;",
]


def run(body: str, block: int = 32, **options: bool) -> list[int]:
    found = np.zeros(32, np.uint32)
    text = kernel("setp.eq.u32 %p1, 0, 0;" + body, outside=OUTSIDE)
    ptx.run(text, None, 1, block, [found], **options)  # type: ignore[arg-type]
    return found.tolist()


@pytest.mark.parametrize("meeting", MEETINGS)
@pytest.mark.parametrize("block", [2, 32])
def test_a_lane_reads_what_another_wrote_only_after_they_met(meeting: str, block: int) -> None:
    assert run(WRITE + meeting + READ + STORE, block)[:block] == [lane ^ 1 for lane in range(block)]
    with pytest.raises(ptx.KernelError, match=SAID.format("reads", 1)):
        run(WRITE + READ + STORE, block)
    assert run(WRITE + READ + STORE, block, lane_races=False)[:block] == [lane ^ 1 for lane in range(block)]


def test_what_another_lane_read_may_not_be_written_before_they_met() -> None:
    start, again = WRITE + "bar.warp.sync -1;" + READ, "add.u32 %r8, %r0, 7; st.shared.u32 [%r3], %r8;"
    run(start + "bar.warp.sync -1;" + again)
    with pytest.raises(ptx.KernelError, match=SAID.format("writes", 1)):
        run(start + again)


def test_what_all_lanes_read_none_may_write() -> None:
    body = (
        WRITE + "bar.warp.sync -1; ld.shared.u32 %r6, [%r2]; {} setp.eq.u32 %p2, %r0, 5; @%p2 st.shared.u32 [%r2], 9;"
    )
    run(body.format("bar.warp.sync -1;"))
    with pytest.raises(ptx.KernelError, match="that several lanes of the same warp accessed"):
        run(body.format(""))


def test_lanes_may_write_one_word_only_if_it_is_the_same() -> None:
    one = "setp.eq.u32 %p2, %r0, 5; @%p2 st.shared.u32 [%r2], {};"
    run(WRITE + one.format(0))
    with pytest.raises(ptx.KernelError, match=SAID.format("writes", 0)):
        run(WRITE + one.format(9))


def test_a_lane_may_go_on_with_what_is_its_own() -> None:
    own = WRITE + "ld.shared.u32 %r6, [%r3]; add.u32 %r6, %r6, 1; st.shared.u32 [%r3], %r6; ld.shared.u32 %r6, [%r3];"
    assert run(own + STORE) == [lane + 1 for lane in range(32)]


def test_other_warps_that_meet_do_not_count() -> None:
    body = WRITE + "setp.lt.u32 %p2, %r0, 32; @%p2 bra SKIP; bar.warp.sync -1; SKIP:" + READ
    text = kernel(body, outside=OUTSIDE.replace("128", "256"))
    with pytest.raises(ptx.KernelError, match=SAID.format("reads", 1)):
        ptx.run(text, None, 1, 64, [np.zeros(64, np.uint32)])
