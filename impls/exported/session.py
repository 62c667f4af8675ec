"""A file in ONNX Runtime, with our library or without: opened once, called with arrays, errors in one line each."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impls.exported.library import library
from impls.exported.names import missing
from impls.exported.onnx_file import read
from impls.installed import imported
from opbench.errors import MachineError, UsageError

if TYPE_CHECKING:
    import numpy as np

OLDEST = (1, 16)
"""The first ONNX Runtime that takes errors from operators of others."""

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


@dataclass(frozen=True)
class Session:
    """One opened model: (B, *shape) array to an array, or by `outputs` to as many as it has."""

    runtime: Any
    what: str
    name: str
    shape: tuple[int, ...]

    def __call__(self, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The only output. Raises as `outputs`."""
        (answer,) = self.outputs(x)
        return answer

    def outputs(self, x: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
        """In the file's order. Raises UsageError for an input of another shape or dtype than the file's."""
        if x.ndim != len(self.shape) + 1 or x.shape[1:] != self.shape:
            sizes = ", ".join(map(str, self.shape))
            raise UsageError(f"x has shape {x.shape}; {self.what} takes (batch, {sizes}), and no other image size")
        try:
            answers: list[np.ndarray[Any, Any]] = self.runtime.run(None, {self.name: x})
        except Exception as exc:
            raise UsageError(f"{self.what} does not run: {one_line(exc)}") from exc
        return answers


def open_file(
    path: str | Path,
    *,
    with_library: bool = True,
    threads: int = 0,
    provider: str = CPU,
    options: dict[str, Any] | None = None,
) -> Session:
    """The file of an exported model, ready to run.

    with_library: with our operators compiled (`library.library`), or as any ONNX Runtime runs it.
    threads: that an operator may use, 0 for the runtime's choice.
    provider: of ONNX Runtime; `options` are its own.

    Raises UsageError as `file.read` does; MachineError for an ONNX Runtime that is missing or too old, a provider that
    is not there or does not start, and a library that cannot be built or loaded.
    """
    path = Path(path)
    model = read(path)
    return open_model(
        model.SerializeToString(),
        str(path),
        with_library=with_library,
        threads=threads,
        provider=provider,
        options=options,
    )


def open_model(
    data: bytes,
    what: str,
    *,
    with_library: bool | Path,
    threads: int = 0,
    provider: str = CPU,
    options: dict[str, Any] | None = None,
) -> Session:
    """The same for the bytes of a model of one input that is known to be whole; `what` is what messages call it.

    with_library: a path is a library of one's own.
    """
    session = started(data, what, with_library=with_library, threads=threads, provider=provider, options=options or {})
    (model_input,) = session.get_inputs()
    return Session(session, what, model_input.name, tuple(model_input.shape[1:]))


def started(
    data: bytes, what: str, *, with_library: bool | Path, threads: int, provider: str, options: dict[str, Any]
) -> Any:
    """ONNX Runtime's own InferenceSession, as `open_model`."""
    ort = runtime()
    _check_provider(provider)
    if provider == CUDA and (preload := getattr(ort, "preload_dlls", None)):  # from 1.21 on
        # CUDA and cuDNN lie in packages of their own, where the loader does not look. What it prints is no answer.
        with contextlib.redirect_stdout(sys.stderr):
            preload()
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.log_severity_level = 3  # errors; it warns of every initializer it folds
    # Threads that spin on after a call would take the cores of whatever is measured next.
    settings.add_session_config_entry("session.force_spinning_stop", "1")
    if with_library:
        register(settings, library() if with_library is True else Path(with_library))
    try:
        session = ort.InferenceSession(data, settings, providers=[(provider, options)])
    except Exception as exc:
        raise UsageError(f"ONNX Runtime {ort.__version__} cannot open {what}: {one_line(exc)}") from exc
    if session.get_providers()[0] != provider:  # it falls back without an error
        raise MachineError(f"{provider} does not start here: ONNX Runtime fell back to {session.get_providers()[0]}")
    return session


def register(settings: Any, path: Path) -> None:
    """Makes our operators known to a session. Raises MachineError for a file that is no library of this machine."""
    if not path.exists():
        raise MachineError(f"there is no operator library {path}; leave it out and it is built")
    try:
        settings.register_custom_ops_library(str(path))
    except Exception as exc:
        raise MachineError(f"cannot load the operator library {path}: {one_line(exc)}") from exc


@lru_cache(maxsize=1)
def runtime() -> Any:
    """The module onnxruntime. Raises MachineError where it is missing or too old."""
    onnxruntime = imported("onnxruntime", missing("onnxruntime"))
    check_version(onnxruntime.__version__)
    return onnxruntime


def check_version(version: str) -> None:
    """Raises MachineError below 1.16."""
    major, minor = (int(part) for part in version.split(".")[:2])
    if (major, minor) < OLDEST:
        raise MachineError(f"ONNX Runtime {version} is too old; 1.16 is needed: `python -m pip install -U onnxruntime`")


def _check_provider(provider: str) -> None:
    there = runtime().get_available_providers()
    if provider not in there:
        raise MachineError(f"ONNX Runtime has no {provider} here; there are: {', '.join(there)}")


def one_line(exc: BaseException) -> str:
    """Without the runtime's own prefix of a code and its name."""
    lines = str(exc).strip().splitlines() or [type(exc).__name__]
    return lines[0].removeprefix("[ONNXRuntimeError] : ")
