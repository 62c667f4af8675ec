"""PTX and launches that cannot be: each is one line that says what to do."""

from __future__ import annotations

import numpy as np
import pytest

from opbench import ptx
from opbench.errors import MachineError, UsageError
from opbench.ptx.compilers import cuda_source
from opbench.ptx.launching.targets import check_target

from .kernels import kernel

TEXT = kernel("st.global.u64 [%d15], %d14;", [".u64 a", ".u64 b"])
WORDS = np.zeros(1, np.uint64)


@pytest.mark.parametrize("target", ["sm_70", "sm_80", "sm_90", "sm_90a", "sm_90f"])
def test_ptx_runs_on_what_is_as_new_as_its_target(target: str) -> None:
    check_target(target, "sm_90")


@pytest.mark.parametrize("target", ["sm_100", "sm_80a", "sm_86f", "sm_100a", "sm_100f"])
def test_ptx_for_another_architecture_is_refused(target: str) -> None:
    with pytest.raises(UsageError, match=rf"PTX for {target} does not run on sm_90; compile for sm_90"):
        check_target(target, "sm_90")


def test_a_device_refuses_ptx_for_a_newer_one() -> None:
    newer = ptx.parse(TEXT)
    newer.target = "sm_90"
    with ptx.device("sm_80") as device, pytest.raises(UsageError, match="PTX for sm_90 does not run on sm_80"):
        device.launch(newer, None, 1, 1, [WORDS])


def test_of_two_kernels_one_is_named() -> None:
    module = ptx.parse(TEXT)
    module.kernels["other"] = module.kernels["k"]
    with pytest.raises(UsageError, match=r"no kernel '\(none was named\)' in this PTX; there are: k, other"):
        ptx.run(module, None, 1, 1, [WORDS])
    with pytest.raises(UsageError, match=r"no kernel 'othr' in this PTX \(did you mean 'other'\?\)"):
        ptx.run(module, "othr", 1, 1, [WORDS])


def test_a_version_that_is_not_known_is_told() -> None:
    text = TEXT.replace(f".version {ptx.parse(TEXT).version}", ".version 10.1")
    with pytest.raises(UsageError, match=r"\.version 10\.1; ISA versions known are 6\.0 to 9\.9"):
        ptx.parse(text)


def test_a_loop_that_does_not_end_is_ended() -> None:
    with pytest.raises(ptx.KernelError, match="more than 1000 thread instructions: an endless loop"):
        ptx.run(kernel("loop: bra loop;", [".u64 a"]), None, 1, 1, [WORDS], limit=1000)


def test_a_call_of_what_is_not_there_is_told_with_its_line() -> None:
    with pytest.raises(UsageError, match=r"PTX line \d+: call helper.*no instruction 'call'"):
        ptx.run(kernel("call helper;", [".u64 a"]), None, 1, 1, [WORDS])


def test_what_is_no_ptx_is_refused() -> None:
    with pytest.raises(UsageError, match="PTX is function; expected text"):
        ptx.run(kernel, None, 1, 1, [])  # type: ignore[arg-type]


SCALE = 'extern "C" __global__ void scale(float* x, float factor) { x[threadIdx.x] *= factor; }'


def test_cuda_runs_as_its_compiler_made_it() -> None:
    try:
        text = ptx.compile_cuda(SCALE)
    except MachineError as error:
        pytest.skip(str(error))
    x = np.arange(7, dtype=np.float32)
    ptx.run(text, "scale", 1, 7, [x, 0.5])
    assert x.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    with pytest.raises(UsageError, match=r'CUDA C\+\+ does not compile: source\.cu\(1\): error: .*"flot"'):
        ptx.compile_cuda(SCALE.replace("float factor", "flot factor"))


def test_cuda_goes_for_the_architecture_of_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def record(_: str, words: list[str]) -> str:
        asked.append(words[-1])
        return "text"

    monkeypatch.setattr(cuda_source, "_by_cupy", record)
    with ptx.device("sm_80"):
        ptx.compile_cuda(SCALE)
    ptx.compile_cuda(SCALE)
    assert asked == ["-arch=compute_80", "-arch=compute_90"]
    with pytest.raises(UsageError, match="architecture 'sm_1': expected one of sm_80, "):
        ptx.compile_cuda(SCALE, "sm_1")


def test_without_a_compiler_of_cuda_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> str:
        raise ImportError("none here")

    for name in ("_by_cupy", "_by_bindings", "_by_nvcc"):
        monkeypatch.setattr(cuda_source, name, missing)
    with pytest.raises(MachineError, match=r"no compiler of CUDA C\+\+ \(none here; .*pip install cupy-cuda13x"):
        ptx.compile_cuda(SCALE)
