"""What a launch takes, what it refuses, and what it counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from opbench import ptx
from opbench.errors import UsageError
from opbench.ptx.module import Immediate

from ..kernels import kernel

COPY = kernel(
    """
    ld.param.u32 %r5, [count]; ld.param.f32 %f1, [factor];
    mov.u32 %r0, %ctaid.x; mov.u32 %r1, %ntid.x; mov.u32 %r2, %tid.x; mad.lo.u32 %r0, %r0, %r1, %r2;
    setp.ge.u32 %p1, %r0, %r5; @%p1 ret;
    mul.wide.u32 %d1, %r0, 4; add.s64 %d2, %d15, %d1; add.s64 %d3, %d14, %d1;
    ld.global.f32 %f2, [%d2]; mul.f32 %f3, %f2, %f1; st.global.f32 [%d3], %f3;""",
    [".u64 source", ".u64 target", ".u32 count", ".f32 factor"],
)


@pytest.mark.parametrize("count", [1, 31, 97, 1000, 40000])
def test_numbers_are_packed_and_what_was_written_comes_back(count: int) -> None:
    source = np.arange(count, dtype=np.float32)
    target = torch.zeros(count)
    result = ptx.run(COPY, "k", -(-count // 128), 128, [source, target, count, 0.5])
    assert target.tolist() == (source * np.float32(0.5)).tolist()
    assert result.counters.instructions["st"] == -(-count // 32)


def test_sectors_are_counted_once_a_request() -> None:
    count = 97
    counters = ptx.run(
        COPY, "k", 1, 128, [np.zeros(count, np.float32), np.zeros(count, np.float32), count, 1.0]
    ).counters
    assert (counters.sectors_read, counters.sectors_written, counters.requests) == (
        13,
        13,
        8,
    )  # 3 * 4 + 1 of 97 * 4 bytes
    assert [each.bytes for each in counters.traffic.values()] == [4 * count] * 2
    strided = COPY.replace("mul.wide.u32 %d1, %r0, 4;", "mul.wide.u32 %d1, %r0, 64;")
    arrays = np.zeros(16 * count, np.float32), np.zeros(16 * count, np.float32)
    assert ptx.run(strided, "k", 1, 128, [*arrays, count, 1.0]).counters.sectors_written == count


def test_the_order_of_a_warps_addresses_does_not_matter() -> None:
    mirrored = COPY.replace("mul.wide.u32 %d1, %r0, 4;", "sub.u32 %r3, 63, %r0; mul.wide.u32 %d1, %r3, 4;")
    words = np.zeros(64, np.float32)
    assert ptx.run(mirrored, "k", 1, 64, [words, words.copy(), 64, 1.0]).counters.sectors_written == 8
    interleaved = """
    and.b32 %r3, %r0, 1; shl.b32 %r3, %r3, 3; shr.u32 %r6, %r0, 1; and.b32 %r6, %r6, 7; or.b32 %r3, %r3, %r6;
    and.b32 %r6, %r0, -16; or.b32 %r3, %r3, %r6; mul.wide.u32 %d1, %r3, 4;"""
    woven = COPY.replace("mul.wide.u32 %d1, %r0, 4;", interleaved)
    assert ptx.run(woven, "k", 1, 64, [words, words.copy(), 64, 1.0]).counters.sectors_written == 8


def test_threads_of_three_axes_are_numbered_with_x_fastest() -> None:
    body = """
    mov.u32 %r0, %tid.x; mov.u32 %r1, %tid.y; mov.u32 %r2, %tid.z; mov.u32 %r3, %ntid.x; mov.u32 %r4, %ntid.y;
    mad.lo.u32 %r5, %r2, %r4, %r1; mad.lo.u32 %r5, %r5, %r3, %r0; mov.u32 %r6, %laneid; mov.u32 %r7, %ctaid.z;
    mov.u32 %r8, %warpid; mad.lo.u32 %r6, %r8, 32, %r6; mad.lo.u32 %r6, %r7, 1000, %r6;
    mad.lo.u32 %r5, %r7, 105, %r5; mad.wide.u32 %d1, %r5, 4, %d15; st.global.u32 [%d1], %r6;"""
    found = np.zeros(210, np.uint32)
    ptx.run(kernel(body), None, (1, 1, 2), (3, 5, 7), [found])
    assert found.tolist() == [1000 * block + thread for block in range(2) for thread in range(105)]


def test_pointers_at_the_end_may_be_left_out_and_are_null() -> None:
    text = kernel("st.global.u64 [%d15], %d14;", [".u64 a", ".u64 scratch"])
    found = np.ones(1, np.uint64)
    ptx.run(text, None, 1, 1, [found])
    assert found.tolist() == [0]


WORDS = np.zeros(4, np.float32)
REFUSED: list[tuple[Any, Any, list[Any], str]] = [
    (0, 1, [WORDS, WORDS, 1, 1.0], r"grid \(0,\): expected one to three sizes from 1 up to 2147483647 x 65535 x 65535"),
    (1, (32, 33), [WORDS, WORDS, 1, 1.0], r"block \(32, 33, 1\) has 1056 threads; a device takes up to 1024"),
    (1, (1, 1, 1, 1), [WORDS, WORDS, 1, 1.0], r"block \(1, 1, 1, 1\): expected one to three sizes"),
    (1, 1, [WORDS, WORDS], "2 arguments; kernel k takes 4: source .u64, target .u64, count .u32, factor .f32"),
    (1, 1, [WORDS] * 5, "5 arguments; kernel k takes 4"),
    (1, 1, [WORDS, "x", 1, 1.0], "target: str is no argument; give a NumPy array, a CPU tensor, a number, or bytes"),
    (1, 1, [WORDS, WORDS, WORDS, 1.0], "count has 4 bytes, the argument given for it 8"),
    (1, 1, [WORDS[::2], WORDS, 1, 1.0], "source: an array that is not contiguous"),
    (1, 1, [torch.empty(4, device="meta"), WORDS, 1, 1.0], "source: a contiguous tensor on meta; expected"),
]


@pytest.mark.parametrize(("grid", "block", "arguments", "said"), REFUSED)
def test_a_launch_that_cannot_be_is_refused(grid: Any, block: Any, arguments: list[Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        ptx.run(COPY, "k", grid, block, arguments)


def test_a_kernel_that_was_compiled_for_one_size_of_block_takes_no_other() -> None:
    with pytest.raises(UsageError, match=r"kernel k was compiled for blocks of \(64, 1, 1\); give it that"):
        ptx.run(kernel("", limits=".reqntid 64"), None, 1, 32, [WORDS])
    with pytest.raises(UsageError, match="65 threads; kernel k was compiled for up to 64"):
        ptx.run(kernel("", limits=".maxntid 64"), None, 1, 65, [WORDS])


def test_a_kernel_whose_instructions_changed_is_translated_anew() -> None:
    text = kernel("mov.u32 %r1, 7; st.global.u32 [%d15], %r1;")
    module, out = ptx.parse(text), np.zeros(1, np.uint32)
    assert ptx.parse(text) is module
    ptx.run(module, "k", 1, 1, [out])
    code = module.kernel("k").instructions
    code[1] = replace(code[1], operands=(code[1].operands[0], Immediate(9)))
    ptx.run(module, "k", 1, 1, [out])
    ptx.parse.cache_clear()  # nobody else is to be given the changed module
    assert out[0] == 9
