"""What all tests share: reasons to skip, what simulators and compilers are to be told, and `--quick`."""

from __future__ import annotations

import gc
import os
import platform
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from opbench.process.measuring_process import MeasuringProcess
from opbench.simulation import SWITCHES

from .commands import Interpreter
from .covering import cover_children
from .measuring import Forking

if not any(map(os.path.exists, ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg"))):  # PyTorch would take a second to say
    # Read once, at the first import of triton and of numba.cuda, whichever test comes to it first.
    os.environ.setdefault("TRITON_INTERPRET", "1")
    os.environ.setdefault("NUMBA_ENABLE_CUDASIM", "1")

cover_children()

if "PYTEST_XDIST_WORKER" in os.environ:
    # Every core has a process of tests, whose idle threads would spin for milliseconds in each other's way: the tests
    # of the cross-Hadamard product take 246 s on two cores spinning, 109 s sleeping. Read when PyTorch is imported, and
    # not set for benchmarks, which xdist does not run.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# No figure is looked at, so tests on other cores need not wait for a device, and may disturb what is measured: a folder
# of locks for each process of tests.
LOCKS = tempfile.TemporaryDirectory(prefix="opbench-locks-")
os.environ["OPBENCH_LOCKS"] = LOCKS.name
os.environ["OPBENCH_CONTENTION"] = "ignore"

os.environ.setdefault("OPBENCH_VECTORS", "every")  # narrower instructions than the widest here are tested too
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")  # a pool would be one more process beside every worker


def _vectors_are_known() -> bool:
    """Whether g++ knows every vector instruction that this processor could have and PyTorch 2.13 could use.

    PyTorch finds out by compiling and loading ten libraries: 21 s where its cache is empty. GCC 12 knows all but AVX10.
    """
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return False
    if "avx10" in Path("/proc/cpuinfo").read_text(encoding="utf-8"):
        return False
    words = [*shlex.split(os.environ.get("CXX", "g++")), "-mavx512fp16", "-mamx-bf16", "-E", "-x", "c++", os.devnull]
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


if "TORCHINDUCTOR_VEC_ISA_OK" not in os.environ and "OPBENCH_GATE_FOLDER" not in os.environ and _vectors_are_known():
    os.environ["TORCHINDUCTOR_VEC_ISA_OK"] = "1"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="skip, with the reason, every test that starts a process")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what the machine cannot do, saying so. PyTorch is imported only when a marker asks for it."""
    for item in items:
        if item.get_closest_marker("gpu") and (reason := _no_gpu()):
            item.add_marker(pytest.mark.skip(reason=reason))
        if item.get_closest_marker("compiler") and (reason := _no_compiler()):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is there once all tests are collected stays, so the garbage collector need not look at it, at 0.3 s a time.

    While they are it would look at it a dozen times, 4 of 14 s of a processor in each process. Afterwards every figure
    of a process's memory asks, and so does every few thousand objects that a test makes.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        STAYING.keep()
        gc.enable()


def pytest_runtest_logfinish() -> None:
    """So does what tests import. Of 8.5 s of a processor 1.2 went into looking at it, 21 times."""
    if len(sys.modules) >= STAYING.modules + MANY:
        gc.collect()  # of what is kept nothing is ever collected
        STAYING.keep()


class Staying:
    """How many modules had been imported when what there is was last taken from the garbage collector."""

    modules = 0

    def keep(self) -> None:
        self.modules = len(sys.modules)
        gc.freeze()


STAYING, MANY = Staying(), 100


def _no_gpu() -> str | None:
    import torch

    return None if torch.cuda.is_available() else "no CUDA device: PyTorch sees none on this machine"


def _no_compiler() -> str | None:
    from impls.native import why_not

    return why_not()


@pytest.fixture(scope="session", autouse=True)
def _forked_measuring_processes() -> Iterator[None]:
    """Started when the first test needs one."""
    forking = Forking()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(MeasuringProcess, "start", forking)
        yield
    forking.close()


@pytest.fixture(autouse=True)
def _switches_as_they_were() -> Iterator[None]:
    """Asking whether kernels are simulated sets or takes away what Triton and Numba read; that ends with the test.

    Triton reads its switch where a kernel is defined, so it would be another test, in the same process, that failed.
    """
    before = {name: os.environ.get(name) for name in SWITCHES}
    yield
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@pytest.fixture(scope="session")
def interpreter() -> Iterator[Interpreter]:
    """What programs that need PyTorch are forked from."""
    started = Interpreter()
    yield started
    started.close()


@pytest.fixture(scope="session", autouse=True)
def _without_processes(request: pytest.FixtureRequest) -> Iterator[None]:
    """With `--quick`: a compiler, a measuring process, git or a command of ours is where a test's seconds go.

    The test is skipped at the moment it would start one, so nobody keeps a list.
    """

    def refuse(*given: object, **_: object) -> None:
        words = given[1] if len(given) > 1 else "a process"
        name = words[0] if isinstance(words, list | tuple) and words else words
        pytest.skip(f"--quick: it would start {os.path.basename(str(name))}")  # noqa: PTH119  # may be any text

    with pytest.MonkeyPatch.context() as patched:
        if request.config.getoption("--quick"):
            patched.setattr(subprocess.Popen, "__init__", refuse)
            patched.setattr(subprocess.Popen, "__del__", lambda _: None)
        yield
