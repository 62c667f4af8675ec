"""mma.sync against NumPy: every thread is given its fragments as the PTX ISA writes them down."""

from __future__ import annotations

import numpy as np
import pytest

from opbench import ptx
from opbench.errors import UsageError
from opbench.ptx.number_types import Array

from ..kernels import kernel

WARPS = 3
LANES = range(32)


def test_m16n8k16_of_halves_is_the_product() -> None:
    random = np.random.default_rng(0)
    a, b = (random.standard_normal(shape).astype(np.float16) for shape in ((WARPS, 16, 16), (WARPS, 16, 8)))
    c = random.standard_normal((WARPS, 16, 8)).astype(np.float32)
    found = multiplied("m16n8k16", "f16", a.view(np.uint16), b.view(np.uint16), c)
    want = a.astype(np.float64) @ b.astype(np.float64) + c
    assert np.allclose(found, want, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("shape", ["m16n8k16", "m16n8k8"])
def test_of_bfloat16_the_bits_are_read_as_such(shape: str) -> None:
    random = np.random.default_rng(1)
    inner = int(shape.partition("k")[2])
    a, b = (random.standard_normal(size).astype(np.float32) for size in ((WARPS, 16, inner), (WARPS, inner, 8)))
    bits = [(each.view(np.uint32) >> 16).astype(np.uint16) for each in (a, b)]
    cut = [(each.astype(np.uint32) << 16).view(np.float32).astype(np.float64) for each in bits]
    found = multiplied(shape, "bf16", bits[0], bits[1], np.zeros((WARPS, 16, 8), np.float32))
    assert np.allclose(found, cut[0] @ cut[1], rtol=1e-7, atol=1e-7)


def test_m8n8k4_of_doubles_is_the_product() -> None:
    random = np.random.default_rng(2)
    a, b, c = (random.standard_normal((32, count)) for count in (1, 1, 2))
    left, right, added = np.zeros((8, 4)), np.zeros((4, 8)), np.zeros((8, 8))
    for lane in LANES:
        left[lane >> 2, lane % 4] = a[lane, 0]
        right[lane % 4, lane >> 2] = b[lane, 0]
        for i in (0, 1):
            added[lane >> 2, lane % 4 * 2 + i] = c[lane, i]
    text = kernel(
        """mov.u32 %r0, %tid.x; mul.wide.u32 %d0, %r0, 8; mul.wide.u32 %d1, %r0, 16;
        add.u64 %d2, %d14, %d0; add.u64 %d3, %d13, %d0; add.u64 %d4, %d12, %d1; add.u64 %d5, %d15, %d1;
        ld.global.f64 %g0, [%d2]; ld.global.f64 %g1, [%d3]; ld.global.v2.f64 {%g2, %g3}, [%d4];
        mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%g4, %g5}, {%g0}, {%g1}, {%g2, %g3};
        st.global.v2.f64 [%d5], {%g4, %g5};""",
        (".u64 out", ".u64 a", ".u64 b", ".u64 c"),
    )
    found = np.zeros((32, 2))
    ptx.run(text, None, 1, 32, [found, a, b, c])
    want = left @ right + added
    for lane in LANES:
        assert np.allclose(found[lane], want[lane >> 2, lane % 4 * 2 : lane % 4 * 2 + 2], rtol=1e-14)


def test_infinities_and_nans_come_through() -> None:
    a, b = np.zeros((WARPS, 16, 16), np.float16), np.zeros((WARPS, 16, 8), np.float16)
    a[:, 3, 5], b[:, 5, 2], b[:, 6, 4], a[:, 9, 6] = np.inf, 2, np.nan, 1
    found = multiplied("m16n8k16", "f16", a.view(np.uint16), b.view(np.uint16), np.zeros((WARPS, 16, 8), np.float32))
    assert (found[:, 3, 2] == np.inf).all()
    assert np.isnan(found[:, :, 4]).all()
    assert np.isnan(found[:, 3, 3]).all()  # infinity times zero
    assert (found[:, 9, 2] == 0).all()


def test_a_warp_that_is_not_whole_is_refused() -> None:
    with pytest.raises(ptx.KernelError, match="not all 32 threads of its warp execute this"):
        run_zeros(f"{ZEROS} {MULTIPLY}", threads=40)


def test_what_a_thread_has_not_written_is_found() -> None:
    with pytest.raises(ptx.KernelError, match="uninitialised: uses %r7"):
        run_zeros(f"{ZEROS.replace('mov.b32 %r7, 0;', '')} {MULTIPLY}", threads=32)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (".row.col", ".col.col", "expected .sync.aligned, .row.col, and one of: m16n8k16 of f16"),
        ("m16n8k16", "m16n8k32", "expected .sync.aligned, .row.col, and one of: m16n8k16 of f16"),
        (".f16.f16.f32", ".f16.bf16.f32", "expected .sync.aligned, .row.col, and one of: m16n8k16 of f16"),
        ("{%r5, %r6}", "{%r5}", "expected 4 registers of D, 4 of A, 2 of B"),
    ],
)
def test_forms_that_are_not_known_are_refused_with_their_line(old: str, new: str, said: str) -> None:
    with pytest.raises(UsageError, match=rf"PTX line \d+: mma.*{said}"):
        run_zeros(f"{ZEROS} {MULTIPLY.replace(old, new)}", threads=32)


MULTIPLY = """mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f0, %f1, %f2, %f3}, {%r1, %r2, %r3, %r4}, {%r5, %r6},
    {%r7, %r8, %r9, %r10}; mov.u32 %r0, %tid.x; mad.wide.u32 %d0, %r0, 4, %d15; st.global.f32 [%d0], %f0;"""
ZEROS = " ".join(f"mov.b32 %r{place}, 0;" for place in range(1, 11))


def run_zeros(body: str, threads: int) -> None:
    ptx.run(kernel(body), None, 1, threads, [np.zeros(threads, np.float32)])


def multiplied(shape: str, kind: str, a: Array, b: Array, c: Array) -> Array:
    """D, (warps, 16, 8), of 16-bit elements' bits."""
    pairs, halves = a.shape[2] // 4, a.shape[2] // 8  # registers of A and of B
    loads = []
    for name, at, count, into in (("a", 14, pairs, "r"), ("b", 13, halves, "r"), ("c", 12, 4, "f")):
        loads.append(f"mad.wide.u32 %d0, %r15, {4 * count}, %d{at};")
        first = {"a": 0, "b": 4, "c": 0}[name]
        loads += [f"ld.global.b32 %{into}{first + place}, [%d0 + {4 * place}];" for place in range(count)]
    of_a, of_b = (
        ", ".join(f"%r{first + place}" for place in range(count)) for first, count in ((0, pairs), (4, halves))
    )
    text = kernel(
        f"""mov.u32 %r15, %tid.x; {" ".join(loads)} mad.wide.u32 %d1, %r15, 16, %d15;
        mma.sync.aligned.{shape}.row.col.f32.{kind}.{kind}.f32
            {{%f4, %f5, %f6, %f7}}, {{{of_a}}}, {{{of_b}}}, {{%f0, %f1, %f2, %f3}};
        st.global.v4.f32 [%d1], {{%f4, %f5, %f6, %f7}};""",
        (".u64 out", ".u64 a", ".u64 b", ".u64 c"),
    )
    held = np.zeros((32 * WARPS, 4), np.float32)
    arrays = [np.ascontiguousarray(fragments(each, places)).view(view) for each, places, view in (
        (a, place_of_a, np.uint32), (b, place_of_b, np.uint32), (c, place_of_c, np.float32),
    )]  # fmt: skip
    ptx.run(text, None, 1, 32 * WARPS, [held, *arrays])
    found = np.full((WARPS, 16, 8), np.nan, np.float32)
    for warp in range(WARPS):
        for lane in LANES:
            for i in range(4):
                found[(warp, *place_of_c(lane, i))] = held[32 * warp + lane, i]
    return found


def fragments(matrices: Array, place: object) -> Array:
    """(32 * warps, elements of a thread)."""
    assert callable(place)
    count = matrices[0].size // 32
    return np.array([[[each[place(lane, i)] for i in range(count)] for lane in LANES] for each in matrices]).reshape(
        -1, count
    )


def place_of_a(lane: int, i: int) -> tuple[int, int]:
    row = lane >> 2 if i in {0, 1, 4, 5} else (lane >> 2) + 8
    return row, lane % 4 * 2 + (i & 1) + (0 if i < 4 else 8)


def place_of_b(lane: int, i: int) -> tuple[int, int]:
    return lane % 4 * 2 + (i & 1) + (0 if i < 2 else 8), lane >> 2


def place_of_c(lane: int, i: int) -> tuple[int, int]:
    return lane >> 2 if i < 2 else (lane >> 2) + 8, lane % 4 * 2 + (i & 1)
