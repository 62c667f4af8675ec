"""A runtime that cannot do it says why in one line; none of them computes something else instead."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import numpy as np
import pytest

from impls import plain_build
from impls.exported import library as building
from impls.exported import session as sessions
from impls.exported.session import CPU, CUDA, open_file, runtime
from opbench.errors import MachineError, UsageError

from .conftest import SHAPE


def test_another_image_size(file: Path) -> None:
    session = open_file(file, with_library=False)
    with pytest.raises(UsageError, match=r"x has shape \(1, 3, 24, 23\); .* takes \(batch, 3, 23, 23\), and no other"):
        session(np.zeros((1, 3, 24, 23), np.float32))


def test_another_dtype(file: Path) -> None:
    session = open_file(file, with_library=False)
    with pytest.raises(UsageError, match=r"does not run: .*double"):
        session(np.zeros(SHAPE))


def test_a_provider_that_is_not_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime(), "get_available_providers", lambda: [CPU])
    with pytest.raises(MachineError, match=rf"ONNX Runtime has no {CUDA} here; there are: {CPU}"):
        open_file(file, provider=CUDA)


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_provider_that_does_not_start_is_not_replaced(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime falls back to the CPU without an error."""
    monkeypatch.setattr(sessions, "_check_provider", lambda _: None)
    if CUDA in runtime().get_available_providers():
        pytest.skip("this ONNX Runtime has the provider")
    with pytest.raises(MachineError, match=rf"{CUDA} does not start here: ONNX Runtime fell back to {CPU}"):
        open_file(file, provider=CUDA)


@pytest.mark.filterwarnings("ignore:Specified provider")
@pytest.mark.parametrize(("provider", "calls"), [(CUDA, 1), (CPU, 0)])
def test_a_gpu_s_libraries_are_loaded_before_a_session_wants_them(
    provider: str, calls: int, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sessions, "_check_provider", lambda _: None)
    loaded: list[str] = []

    def preload() -> None:
        print("loading")
        loaded.append(provider)

    monkeypatch.setattr(runtime(), "preload_dlls", preload, raising=False)
    with contextlib.suppress(MachineError):  # here it falls back
        open_file(file, with_library=False, provider=provider)
    assert len(loaded) == calls
    assert capsys.readouterr().out == ""  # which may be read by a program


@pytest.mark.parametrize("version", ["1.15.1", "1.2.0", "0.5.0"])
def test_a_runtime_that_is_too_old(version: str) -> None:
    with pytest.raises(MachineError, match=rf"ONNX Runtime {version} is too old; 1.16 is needed"):
        sessions.check_version(version)
    sessions.check_version("1.16.0")
    sessions.check_version("2.0.0")


def test_a_runtime_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    runtime.cache_clear()
    with pytest.raises(MachineError, match="onnxruntime is not installed; `python -m pip install onnx"):
        runtime()


def test_a_library_that_is_missing_or_none(tmp_path: Path) -> None:
    settings = runtime().SessionOptions()
    with pytest.raises(MachineError, match=r"there is no operator library .*none.so; leave it out and it is built"):
        sessions.register(settings, tmp_path / "none.so")
    for name, head in (("text.so", b"no library"), ("arm.so", foreign())):
        (tmp_path / name).write_bytes(head)
        with pytest.raises(MachineError, match=rf"cannot load the operator library .*{name}: ") as caught:
            sessions.register(settings, tmp_path / name)
        assert "\n" not in str(caught.value)


def foreign() -> bytes:
    """The head of a shared library for another processor."""
    head = bytearray(Path(sys.executable).resolve().read_bytes()[:4096])
    head[18:20] = (0x1234).to_bytes(2, "little")  # e_machine
    return bytes(head)


def test_a_machine_without_a_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setattr(building, "layers", lambda: tmp_path / "layers.so")
    building.library.cache_clear()
    with pytest.raises(MachineError, match=r"cannot build opbench_ort: no C\+\+ compiler \(no-such-compiler\)"):
        building.library()


@pytest.mark.compiler
def test_a_compiler_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(plain_build, "FLAGS", ("-std=c++17", "-include", "no_such_header.h", "-shared", "-fPIC"))
    monkeypatch.setattr(building, "layers", lambda: tmp_path / "layers.so")
    building.library.cache_clear()
    with pytest.raises(MachineError, match=r"opbench_ort does not compile with .*no_such_header.h"):
        building.library()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_headers_that_has_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(building.HEADERS, str(tmp_path))
    building.library.cache_clear()
    with pytest.raises(MachineError, match=r"OPBENCH_ORT_INCLUDE is .* and there is no onnxruntime_c_api.h in it"):
        building.library()


@pytest.fixture(autouse=True)
def forget() -> object:
    yield None
    building.library.cache_clear()
    runtime.cache_clear()
