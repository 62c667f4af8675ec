"""Faults that change nothing are told from those that do: by what each thread does to memory, at every point."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ..ptx_mutations import ANOTHER, Mutation, found
from .launches import Kept, Point, Recorded, encoded

TEXT = """
.version 8.0
.target sm_90
.address_size 64
.visible .entry k(.param .u64 x, .param .u32 count)
{
.reg .pred %p<4>; .reg .f32 %f<6>; .reg .b32 %r<6>; .reg .b64 %rd<4>;
ld.param.u64 %rd1, [x];
ld.param.u32 %r1, [count];
mov.u32 %r2, %tid.x;
setp.ge.s32 %p1, %r2, %r1;
@%p1 ret;
mul.wide.s32 %rd2, %r2, 4;
add.s64 %rd3, %rd1, %rd2;
ld.global.f32 %f1, [%rd3];
mul.f32 %f2, %f1, 0f40400000;
mul.f32 %f3, %f1, 0f3DCCCCCD;
setp.gt.s32 %p2, %r2, 2;
selp.f32 %f4, %f3, %f2, %p2;
bar.sync 0;
setp.eq.s32 %p3, %r1, 3;
@%p3 bra STORE;
add.f32 %f4, %f4, 0f00000000;
STORE:
st.global.f32 [%rd3], %f4;
ret;
}
"""
"""Three times x; a tenth of it from the fourth thread on; and two ways to the store that do the same."""


def at(count: int, beyond: int = 0) -> Point:
    """beyond: elements of x that no thread comes to, each 0."""
    x = np.arange(1, count + 1, dtype=np.float32)
    x = np.concatenate((x, np.zeros(beyond, np.float32)))
    want = np.where(np.arange(x.size) > 2, x * np.float32(0.1), 3 * x).astype(np.float32)
    kept = Kept("x", x.nbytes, [(0, encoded(x.view(np.uint8)), encoded(want.view(np.uint8)))])
    return Point(f"{count}", [1], [32], 0, None, [[0, 0, 0], count], [kept])


def recorded(*counts: int) -> Recorded:
    return Recorded("k", "float32", True, TEXT, "k", [at(count) for count in counts])


@pytest.mark.parametrize(
    ("kind", "place", "counts", "equal"),
    [
        ("rounded to zero", 1, (3,), True),  # of a value that nobody keeps among three threads
        ("rounded to zero", 1, (3, 7), False),  # and that one among seven does
        ("rounded to zero", 0, (3, 7), True),  # small integers are exact
        ("branch negated", 1, (3, 7), True),  # both ways do the same
        ("barrier dropped", 0, (3,), False),  # is never left out
        ("sum becomes difference", 0, (3,), False),
    ],
)
def test_equal_is_what_does_the_same_to_memory_at_every_point(
    kind: str, place: int, counts: tuple[int, ...], equal: bool
) -> None:
    launch = recorded(*counts)
    for point in launch.points:
        contents, _ = launch.launch(TEXT, point)
        assert not launch.differs(point, contents)
    if kind != "sum becomes difference":
        assert Mutation(launch, kind, place).equal() is equal
    else:
        assert "out of bounds" in found(Mutation(launch, kind, place), launch.points[0])


def test_the_intact_kernel_is_looked_at_once_at_every_point(monkeypatch: pytest.MonkeyPatch) -> None:
    launch, texts = recorded(3, 7), list[str]()
    start = Recorded.launch

    def noted(self: Recorded, text: str, point: Point, shared: int | None = None, **options: Any) -> Any:
        texts.append(text)
        return start(self, text, point, shared, **options)

    monkeypatch.setattr(Recorded, "launch", noted)
    assert all(Mutation(launch, kind, place).equal() for kind, place in (("rounded to zero", 0), ("branch negated", 1)))
    assert texts.count(TEXT) == len(launch.points)


def test_a_fault_that_one_point_hides_another_shows() -> None:
    launch = recorded(3, 7)
    mutation = Mutation(launch, "rounded to zero", 1)
    assert [found(mutation, point) for point in launch.points] == ["", ANOTHER]


def test_a_thread_too_many_shows_by_the_sector_that_it_comes_to() -> None:
    launch = recorded()
    launch.points.append(at(8, beyond=1))
    assert found(Mutation(launch, "at least becomes above", 0), launch.points[0]) == "more sectors"
