"""The loops that ceilings are measured with: right at any size, however often they go over it."""

from __future__ import annotations

import pytest
import torch

from impls.machine import library
from impls.machine.memory import COPY, READ, WRITE, passes
from opbench import Axes, Backend, Operator, Point, catalog
from opbench.errors import UsageError

pytestmark = pytest.mark.compiler

COUNTS = [0, 1, 7, 61, 127, 1021, 16411]


def aligned(count: int) -> torch.Tensor:
    return torch.rand(count + 16)[:count]


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("count", COUNTS[1:])
def test_read_finds_the_largest_wherever_it_lies(count: int, far: bool) -> None:
    for at in {0, count // 2, count - 1}:
        values = -aligned(count)
        values[at] = 3.0
        assert library.function("read")(library.address(values), count, 3, far) == 3.0


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("count", COUNTS)
def test_write_reaches_every_value_and_none_beyond(count: int, far: bool) -> None:
    room = torch.zeros(count + 32)
    library.function("write")(library.address(room), count, 2, far, 5.0)
    assert room[:count].eq(5.0).all()
    assert room[count:].eq(0.0).all()


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("count", COUNTS)
def test_copy_copies_every_value_and_none_beyond(count: int, far: bool) -> None:
    values, room = aligned(count), torch.zeros(count + 32)
    library.function("copy")(library.address(values), library.address(room), count, 2, far)
    assert torch.equal(room[:count], values)
    assert room[count:].eq(0.0).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", COUNTS)
def test_a_chain_does_every_step_for_every_value(count: int, dtype: str) -> None:
    values = aligned(count).to(getattr(torch, dtype))
    expected = values.clone()
    name = "chain_float" if dtype == "float32" else "chain_double"
    library.function(name)(values.data_ptr(), count, 3, 0.5, 1.0)
    torch.testing.assert_close(values, ((expected * 0.5 + 1) * 0.5 + 1) * 0.5 + 1)


def test_an_address_that_the_loops_cannot_take_is_refused() -> None:
    with pytest.raises(ValueError, match="64-byte aligned"):
        library.address(torch.zeros(64)[1:])


def test_touching_says_how_many_pages_it_got() -> None:
    assert library.function("touch")(61) == 61


@pytest.mark.parametrize("operator", [READ, WRITE, COPY], ids=lambda operator: operator.name)
def test_work_is_what_all_passes_move(operator: Operator) -> None:
    """The working set is what the axis says, and the bytes are at least what makes the call negligible."""
    for kib in (1, 7, 1 << 20):
        point = Point(operator.name, Axes({"kib": kib}), mode="out")
        moved = operator.work(point).moved_bytes
        assert moved - moved % 1024 == passes(point) * kib * 1024
        assert moved >= min(255 << 20, 1 << 30)


def test_pytorchs_own_operators_refuse_working_sets_smaller_than_a_call_is_worth() -> None:
    backend = catalog.backend("memory_read", "torch_eager")
    assert isinstance(backend, Backend)
    point = Point("memory_read", Axes({"kib": 7}), mode="out")
    with pytest.raises(UsageError, match="4096 KiB and more"):
        backend.prepare(point, READ.inputs(point), torch.zeros(1), "")
