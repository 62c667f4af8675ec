"""What stands in for a GPU's memory and half precision in Numba's simulator."""

from __future__ import annotations

import os
import threading
import warnings
from typing import Any

import numpy as np
import pytest
import torch

if not torch.cuda.is_available():
    os.environ["NUMBA_ENABLE_CUDASIM"] = "1"  # before the first import of numba
pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from impls.cross_hadamard.gpu.numba_kernels.language import simulated
from impls.cross_hadamard.gpu.numba_kernels.language.target import cuda, kernel

from .numba_values import same


def test_a_simulated_access_outside_the_tensor_is_an_error() -> None:
    memory = simulated.Memory(torch.zeros(4, dtype=torch.float16))
    with pytest.raises(IndexError, match="bytes 8 to 10 of a tensor of 8 bytes"):
        memory.view("b16", 4, 1)
    with pytest.raises(IndexError, match="bytes -2 to 0"):
        memory.view("b16", -1, 1)


def test_a_simulated_vector_at_a_misaligned_address_is_an_error() -> None:
    memory = simulated.Memory(torch.zeros(8, dtype=torch.float32)[1:])
    with pytest.raises(IndexError, match="a vector of 16 bytes at an address that is 4 off"):
        memory.view("f32", 0, 4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_simulated_halves_convert_as_torch_does(dtype: torch.dtype) -> None:
    name = str(dtype).removeprefix("torch.")
    every = torch.arange(-(2**15), 2**15, 97, dtype=torch.int32).to(torch.int16).view(dtype)
    wide = [simulated.widen(name)(int(bits) & 0xFFFF) for bits in every.view(torch.int16)]
    same(torch.tensor([float(one) for one in wide]), every.float())
    near_ties = torch.cat([every.float(), every.float() * 1.001953125, torch.randn(99) * 1e-6])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        bits = [int(simulated.narrow(name)(one)) for one in near_ties.numpy()]
    narrow = torch.tensor(bits, dtype=torch.int32).to(torch.int16).view(dtype)
    same(narrow.float(), near_ties.to(dtype).float())


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here: nothing is simulated")
def test_threads_that_ask_for_shared_memory_at_the_same_time_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    both, empty = threading.Barrier(2), np.empty

    def at_the_same_time(*given: Any) -> Any:
        if given[0] == 7:
            both.wait()
        return empty(*given)

    monkeypatch.setattr(np, "empty", at_the_same_time)
    found = {}

    def ask(out: Any) -> None:
        mine = cuda.shared.array(7, np.int64)
        mine[cuda.threadIdx.x] = 11
        found[cuda.threadIdx.x] = mine
        cuda.syncthreads()
        out[cuda.threadIdx.x] = mine[1 - cuda.threadIdx.x]

    out = np.zeros(2, dtype=np.int64)
    kernel(ask)[1, 2](out)
    assert found[0] is found[1]
    assert out.tolist() == [11, 11]
