"""The Triton kernels as compiled for sm_90, executed by the PTX machine: right, their cost, and what it finds wrong."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("triton", reason="triton is not installed")
if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")  # read when a kernel is defined, so before the next imports

from impls.cross_hadamard.gpu.triton_kernels import operations
from opbench import ptx

from ....compiled import release, remembered
from .triton_ptx import SCHEDULES, Case, cases, compiled, forward, on_machine

CLOSE = {torch.float32: 1e-5, torch.bfloat16: 2e-2}
WHOLE = 15 * 400 * 4 // 32
"""Sectors of the output of 6 channels of 20x20 in float32: the fewest that can be written."""


@pytest.fixture(scope="module")
def kernels() -> dict[str, list[Any]]:
    sources = Path(operations.__file__).parent  # they import nothing of the other languages
    own = Path(__file__).with_name("triton_ptx.py").read_text(encoding="utf-8")
    found: dict[str, list[Any]] | str = remembered([own, release("triton")], sources, compiled)
    if isinstance(found, str):
        pytest.skip(found)
    return found


def test_products_equal_pytorchs_bit_for_bit(kernels: dict[str, list[Any]]) -> None:
    for case in cases():
        if case.name.startswith(SCHEDULES):
            (found,), _ = on_machine(kernels, case)
            assert torch.equal(found, case.want[0]), (case.name, case.dtype)


def test_expansion_and_gradients_equal_the_definitions(kernels: dict[str, list[Any]]) -> None:
    for case in cases():
        if not case.name.startswith(SCHEDULES):
            found, _ = on_machine(kernels, case)
            for result, want in zip(found, case.want, strict=True):
                close = CLOSE[case.dtype]
                assert torch.allclose(result.double(), want, rtol=close, atol=4 * close), (case.name, case.dtype)


@pytest.mark.parametrize(
    ("schedule", "written"), [("direct", 900), ("balanced", 900), ("blocked", WHOLE), ("flat", WHOLE)]
)
def test_sectors_written_are_counted(kernels: dict[str, list[Any]], schedule: str, written: int) -> None:
    _, (result,) = on_machine(kernels, large(schedule))
    assert result.counters.sectors_written == written
    assert sum(each.bytes for each in result.counters.traffic.values() if each.store) == 32 * WHOLE


@pytest.mark.parametrize(
    ("dtype", "shape", "most"), [(torch.float32, (1, 6, 20, 20), 1.0), (torch.bfloat16, (2, 5, 7, 7), 1.7)]
)
def test_flat_asks_for_each_sector_of_both_factors_once(
    kernels: dict[str, list[Any]], dtype: torch.dtype, shape: tuple[int, int, int, int], most: float
) -> None:
    """Of maps that are whole sectors. A warp of odd ones comes to a third sector, having asked for two."""
    case = forward("flat", dtype, shape)
    _, (result,) = on_machine(kernels, case)
    factors = 2 * case.want[0].nbytes
    assert factors <= 32 * result.counters.sectors_read <= most * factors
    assert "shared" not in {each.space for each in result.counters.accesses.values()}  # no lane has another's units


def large(schedule: str) -> Case:
    return forward(schedule, torch.float32, (1, 6, 20, 20))


def one(name: str) -> Case:
    return next(case for case in cases() if case.name == name)


def replaced(pattern: str, by: str, place: int | None) -> Callable[[str], str]:
    """A change of the PTX: the match of that place becomes `by`; None changes them all."""

    def change(text: str) -> str:
        if place is None:
            return re.sub(pattern, by, text)
        match = list(re.finditer(pattern, text))[place]
        return text[: match.start()] + match.expand(by) + text[match.end() :]

    return change


FAULTS = [
    ("direct", r"\[ (%rd\d+) \+ 0 \], \{", r"[ \1 + 4194304 ], {", 0, "out of bounds: writes 4 bytes"),
    ("direct", r"\[ (%rd\d+) \+ 0 \], \{", r"[ \1 + 2 ], {", 0, "misaligned: writes 4 bytes"),
    ("direct", r"@(%p\d+) st\.global", r"@!\1 st.global", 0, "out of bounds: writes 4 bytes"),
    ("direct", r"setp\.lt\.s64", "setp.le.s64", 2, "out of bounds: reads 4 bytes"),
    ("blocked", r"(st\.global\S*v4\.b32 \[ %rd\d+ \+) 0", r"\1 4", None, "misaligned: writes 16 bytes"),
    ("direct", r"mov\.u32 \s*%r1, %ctaid\.x;", "", 0, "uninitialised: uses "),
]


@pytest.mark.parametrize(("schedule", "pattern", "by", "place", "words"), FAULTS)
def test_a_kernel_that_was_broken_is_found_out(
    kernels: dict[str, list[Any]], schedule: str, pattern: str, by: str, place: int | None, words: str
) -> None:
    with pytest.raises(ptx.KernelError, match=re.escape(words)) as caught:
        on_machine(kernels, large(schedule), replaced(pattern, by, place))
    assert re.search(r"\.py:\d+\), thread \(\d+, 0, 0\) of block \(\d+, 0, 0\)$", str(caught.value))


def test_a_barrier_that_was_dropped_is_a_race(kernels: dict[str, list[Any]]) -> None:
    behind_the_store = 0  # of each warp's part of a sum, before others read it
    with pytest.raises(ptx.KernelError, match=r"race: reads .* that warp \d accessed with no barrier in between"):
        on_machine(kernels, one("expand_backward"), replaced(r"bar\.sync\s+0;", "", behind_the_store))


def test_a_store_that_was_split_costs_more_requests_and_the_same_bytes(kernels: dict[str, list[Any]]) -> None:
    def split(text: str) -> str:
        whole = r"(@%p\d+ st\.global)(\S*)\.v4\.b32 \[ (%rd\d+) \+ 0 \], \{ (%r\d+), (%r\d+), (%r\d+), (%r\d+) \};"
        parts = (rf"\1\2.b32 [ \3 + {4 * place} ], {{ \{4 + place} }};" for place in range(4))
        return re.sub(whole, " ".join(parts), text)

    _, (intact,) = on_machine(kernels, large("blocked"))
    (found,), (result,) = on_machine(kernels, large("blocked"), split)
    assert torch.equal(found, large("blocked").want[0])
    assert stores(result) == 4 * stores(intact)


def stores(result: ptx.Result) -> int:
    return sum(each.requests for each in result.counters.traffic.values() if each.store)


def test_another_rounding_changes_what_is_computed(kernels: dict[str, list[Any]]) -> None:
    (found,), _ = on_machine(kernels, large("direct"), replaced(r"mul\.f32", "mul.rz.f32", 0))
    assert not torch.equal(found, large("direct").want[0])
    assert torch.allclose(found, large("direct").want[0])


def test_an_index_that_is_shifted_reads_the_neighbour(kernels: dict[str, list[Any]]) -> None:
    change = replaced(r"(ld\.global\.b32 \{ %r\d+ \}, \[ %rd\d+ \+) 0", r"\1 4", 1)
    try:
        (found,), _ = on_machine(kernels, large("direct"), change)
    except ptx.KernelError as error:
        assert "out of bounds: reads 4 bytes" in str(error)  # noqa: PT017  (either is right, and the other is below)
    else:
        assert not torch.equal(found, large("direct").want[0])


def test_a_shuffle_whose_mask_is_narrowed_is_found_out(kernels: dict[str, list[Any]]) -> None:
    changed = replaced(r"(shfl\.sync\.bfly\.b32 [^;]*), -1;", r"\1, 65535;", 0)
    with pytest.raises(ptx.KernelError, match="not in the member mask 0x0000ffff"):
        on_machine(kernels, one("expand_backward"), lambda text: changed(text) if "shfl" in text else text)
