"""CUDA C++ by each of its compilers, and Numba's kernels, on the PTX machine."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
import torch

from opbench import ptx
from opbench.errors import UsageError
from opbench.ptx.compilers import cuda_source
from opbench.ptx.compilers.numba_launcher import flattened
from tests.commands import Interpreter
from tests.compiled import COMPILING

Compiler = Callable[[str, Sequence[str]], str]

SCALE = 'extern "C" __global__ void scale(float* x, float factor) { x[threadIdx.x] *= factor; }'
WORDS = (*cuda_source.OPTIONS, "-arch=compute_90")


@pytest.mark.parametrize("name", ["_by_cupy", "_by_bindings", "_by_nvcc"])
def test_every_compiler_of_cuda_gives_text_that_runs_and_its_first_error_in_a_line(name: str) -> None:
    compiler: Compiler = getattr(cuda_source, name)
    try:
        text = compiler(SCALE, WORDS)
    except (ImportError, OSError) as error:
        pytest.skip(f"{name}: {error}")
    x = np.arange(7, dtype=np.float32)
    ptx.run(text, "scale", 1, 7, [x, 0.5])
    assert x.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    with pytest.raises(UsageError, match=r'CUDA C\+\+ does not compile: source\.cu\(1\): error: .*"flot"'):
        compiler(SCALE.replace("float factor", "flot factor"), WORDS)


@pytest.mark.parametrize(("name", "module"), [("_by_cupy", "cupy.cuda.nvrtc"), ("_by_bindings", "cuda.bindings.nvrtc")])
def test_a_binding_whose_nvrtc_is_not_there_leaves_it_to_the_next(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvrtc: Any = pytest.importorskip(module)

    def missing(*_: object) -> None:
        raise RuntimeError("Failed to load libnvrtc.so.13\nand more")

    for function in ("getVersion", "nvrtcCreateProgram"):
        monkeypatch.setattr(nvrtc, function, missing, raising=False)
    with pytest.raises(OSError, match=r"^Failed to load libnvrtc\.so\.13$"):
        getattr(cuda_source, name)(SCALE, WORDS)


def test_no_nvcc_is_told_to_whoever_asks_for_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(OSError, match="no nvcc on the PATH"):
        cuda_source._by_nvcc(SCALE, WORDS)


def test_an_argument_of_numbas_is_the_parameters_that_numba_makes_of_it() -> None:
    array = np.zeros((3, 5), np.float32)
    assert flattened(0, array) == [0, 0, 15, 4, array, 3, 5, 20, 4]
    assert flattened(0, 7) == [7]
    assert flattened(0, (7, (0.5, np.bool_(True)))) == [7, 0.5, True]
    with pytest.raises(UsageError, match="argument 2 is of type list; expected NumPy arrays, CPU tensors, numbers or"):
        flattened(2, [1])


NUMBA = """
import json
import numpy as np
import torch
from numba import cuda
from opbench import ptx
from opbench.errors import MachineError

@cuda.jit
def scaled(x, factors, count):
    place = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if place < count:
        x[place] *= factors[0] + factors[1]

array, tensor = np.arange(7, dtype=np.float32), torch.arange(7.0)
try:
    with ptx.device():
        scaled[2, 4](array, (0.25, 0.25), 7)
        scaled[1, 4, 0, 0](tensor, (1.0, 2.0), 3)
except MachineError as error:
    print(json.dumps([str(error)]))
else:
    print(json.dumps([array.tolist(), tensor.tolist()]))
"""


@pytest.mark.skipif(find_spec("numba_cuda") is None, reason="numba-cuda is not installed")
def test_what_numba_compiles_runs_on_arrays_and_tensors(interpreter: Interpreter) -> None:
    ended = interpreter.run(NUMBA, environment=COMPILING)
    assert ended.code == 0, ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    if len(told) == 1:
        pytest.skip(told[0])
    assert told == [[0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0], [0.0, 3.0, 6.0, 3.0, 4.0, 5.0, 6.0]]


@pytest.fixture
def launcher() -> Any:
    pytest.importorskip("triton")
    return importlib.import_module("opbench.ptx.compilers.triton_launcher")


def test_numbers_of_tritons_are_the_bytes_of_their_type(launcher: Any) -> None:
    signature = {"pair": ("i32", ("fp16", "bf16")), "block": "constexpr", "last": "u8"}
    found = launcher._arguments(signature, ((7, (0.5, -1.5)), 32, 255))
    assert found == [b"\7\0\0\0", b"\0\x38", b"\xc0\xbf", b"\xff"]
    with pytest.raises(UsageError, match="last is 256, which is no u8"):
        launcher._arguments({"last": "u8"}, (256,))
    with pytest.raises(UsageError, match="x is of Triton's type 'fp8e5'; known are tensors and i8"):
        launcher._arguments({"x": "fp8e5"}, (0.5,))


def test_a_pointer_of_tritons_is_a_tensor_or_what_was_made_of_one(launcher: Any) -> None:
    class Reinterpreted:
        base = torch.zeros(3)

    (pointer,) = launcher._arguments({"x": "*fp32"}, (Reinterpreted(),))
    assert pointer.content.size == 12
    with pytest.raises(UsageError, match=r"x is int; within opbench\.ptx\.device pointers are tensors on the CPU"):
        launcher._arguments({"x": "*fp32"}, (7,))


def test_a_kernel_whose_ptx_triton_did_not_keep_is_refused(launcher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Cache:
        def get_group(self, _: str) -> None:
            return None

    monkeypatch.setattr(launcher, "get_cache_manager", lambda _: Cache())
    with pytest.raises(UsageError, match="Triton kept no PTX of kernel k; unset TRITON_STORE_BINARY_ONLY"):
        launcher._text("k", "digest")
