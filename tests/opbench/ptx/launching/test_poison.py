"""Tensors that nobody wrote, found without being named; and launches in several orders, within a device."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from opbench import ptx
from opbench.errors import UsageError
from opbench.ptx.launching.poison import Poison, _content
from opbench.ptx.pointers import Pointer

from ..kernels import kernel

START = "mov.u32 %r0, %tid.x; mul.wide.u32 %d1, %r0, 4; add.u64 %d2, %d15, %d1; add.u64 %d3, %d14, %d1;"
COPY = kernel(START + "ld.global.u32 %r1, [%d2]; st.global.u32 [%d3], %r1;", [".u64 a", ".u64 b"])
SAID = r"uninitialised: reads 4 bytes at byte {} of a, an output or scratch memory that nobody has written there"
ALLOCATIONS: list[Callable[[], torch.Tensor]] = [
    lambda: torch.empty(97),
    lambda: torch.empty_like(torch.zeros(97)),
    lambda: torch.zeros(1).new_empty(97),
    lambda: torch.empty_strided((97,), (1,)),
]


WRITES: list[Callable[[torch.Tensor], object]] = [
    lambda each: each.fill_(1),
    lambda each: each.copy_(torch.ones(97)),
    lambda each: torch.add(torch.ones(97), 1, out=each),
]


def copy(device: ptx.Device, source: torch.Tensor, target: torch.Tensor) -> None:
    device.launch(COPY, "k", 1, source.numel(), [source, target])


@pytest.mark.parametrize("allocate", ALLOCATIONS)
def test_scratch_that_is_read_before_it_is_written_is_found(allocate: Callable[[], torch.Tensor]) -> None:
    with ptx.device(poison=True) as device:
        scratch, out = allocate(), torch.empty(97)
        with pytest.raises(ptx.KernelError, match=SAID.format(0)):
            copy(device, scratch, out)
    with ptx.device() as device:
        copy(device, allocate(), torch.empty(97))


def test_what_a_kernel_or_pytorch_wrote_may_be_read() -> None:
    with ptx.device(poison=True) as device:
        first, second, third = torch.zeros(97), torch.empty(97), torch.empty(97)
        copy(device, first, second)
        copy(device, second, third)
        for write in (
            lambda each: each.fill_(1),
            lambda each: each.copy_(first),
            lambda each: torch.add(first, 1, out=each),
        ):
            scratch = torch.empty(97)
            write(scratch)
            copy(device, scratch, third)


def test_single_elements_count() -> None:
    with ptx.device(poison=True) as device:
        scratch = torch.empty(97)
        scratch[:5] = 1
        scratch[6:] = 1
        with pytest.raises(ptx.KernelError, match=SAID.format(20)):
            copy(device, scratch, torch.empty(97))
        scratch[5:6].fill_(1)
        copy(device, scratch, torch.empty(97))
        grid = torch.empty(7, 2)
        grid[:, 0] = 1
        with pytest.raises(ptx.KernelError, match=SAID.format(4)):
            copy(device, grid, torch.empty(14))


def test_memory_that_was_freed_and_given_again_is_judged_anew() -> None:
    with ptx.device(poison=True) as device:
        for _ in range(5):
            torch.empty(97)
            copy(device, torch.zeros(97), torch.empty(97))


def test_a_device_runs_its_launches_in_orders_and_says_where_they_differ() -> None:
    text = kernel("mov.u32 %r0, %ctaid.x; st.global.u32 [%d15], %r0;")
    with ptx.device(orders=3, races=False) as device:
        with pytest.raises(ptx.KernelError, match=r"depends on an order, of blocks or .*: array argument number 0 has"):
            device.launch(text, "k", 67, 1, [np.zeros(1, np.uint32)])
        copy(device, torch.ones(97), out := torch.zeros(97))
    assert out.tolist() == [1.0] * 97
    with ptx.device(orders=3, poison=True) as device:
        scratch = torch.empty(97)
        copy(device, torch.ones(97), scratch)
        copy(device, scratch, torch.empty(97))
    with pytest.raises(UsageError, match="orders=0, seed=None: expected one order"), ptx.device(orders=0):
        pass
    with pytest.raises(UsageError, match="orders=2, seed=1: expected one order"), ptx.device(orders=2, seed=1):
        pass


def test_a_launch_may_name_outputs_too() -> None:
    with ptx.device() as device:
        source, out = np.zeros(97, np.float32), np.zeros(98, np.float32)
        result = device.launch(COPY, "k", 1, 97, [source, out], uninitialised=[out])
    assert result.unwritten == {"b": [(388, 392)]}


def test_the_bytes_behind_an_argument_are_those_in_place_or_none() -> None:
    tensor, array = torch.zeros(3), np.zeros((3, 5), np.float32)
    pointer = Pointer("a", np.zeros(7, np.uint8), 0, 0)
    assert _content(pointer) is pointer.content
    for given, size in ((tensor, 12), (array, 60)):
        content = _content(given)
        content[:] = 1
        assert content.size == size
    assert tensor.view(torch.uint8).tolist() == [1] * 12
    assert (array.view(np.uint8) == 1).all()
    assert [_content(one).size for one in (torch.zeros(3, 5).T, array[:, ::2], 7)] == [0, 0, 0]


def test_what_holds_nothing_and_what_is_gone_is_not_watched() -> None:
    poison = Poison()
    poison.allocated(torch.empty(0))
    kept = torch.empty(3)
    poison.allocated(kept)
    poison.written(torch.zeros(5))  # of somebody else's
    ((_, mask),) = poison.among([kept])
    assert not mask.any()
    poison.written(kept)
    assert poison.among([kept]) == []
