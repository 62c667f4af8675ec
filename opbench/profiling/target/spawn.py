"""Runs `run_case` in a process of its own, alone or under a tool, for a limited time."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from opbench.errors import MachineError
from opbench.process.measuring_process import pinned_environment
from opbench.profiling.target.request import TargetRequest

Wait: TypeAlias = Callable[["subprocess.Popen[bytes]", float], object]
"""Returns once the process has ended; raises subprocess.TimeoutExpired where that takes more than so many seconds."""


@dataclass(frozen=True)
class TargetResult:
    """What came of a target process.

    answer: what `run_case` wrote, None where it did not get that far.
    exit_code: of the outermost process.
    output: everything printed, by the tool and what it ran.
    """

    answer: Mapping[str, Any] | None
    exit_code: int
    output: str

    def answer_or_raise(self, doing: str) -> Mapping[str, Any]:
        """Return the answer. Raises MachineError, beginning with `doing`, where there is none or it is an error."""
        if self.answer is None:
            raise MachineError(
                f"{doing}: the process ended with code {self.exit_code} and no answer{self._last_words()}"
            )
        if "error" in self.answer:
            raise MachineError(f"{doing}: {self.answer['error']}")
        return self.answer

    def calls_or_raise(self, doing: str) -> int:
        """Return how many calls the tool saw. Raises MachineError as `answer_or_raise`, and where none is said."""
        calls = self.answer_or_raise(doing).get("calls")
        if type(calls) is not int or calls < 1:
            raise MachineError(f"{doing}: the process answered {calls!r:.40} calls; expected 1 or more")
        return calls

    def _last_words(self) -> str:
        lines = self.output.strip().splitlines()
        return f"; its last words: {lines[-1].strip()}" if lines else ""


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder that is gone afterwards. Raises MachineError where the disk does not take one."""
    try:
        temporary = tempfile.TemporaryDirectory(prefix="opbench-profile-", ignore_cleanup_errors=True)
    except OSError as exc:
        raise MachineError(f"cannot write to {tempfile.gettempdir()}: {exc.strerror}; set TMPDIR") from exc
    with temporary as folder:
        yield Path(folder)


def run_target(
    request: TargetRequest,
    time_limit_s: float,
    tool: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    wait: Wait = subprocess.Popen.wait,
) -> TargetResult:
    """Run the case, started by the words of `tool`, in the pinned environment and whatever `environment` adds to it.

    Raises MachineError when it is not done in time_limit_s seconds (everything it started is killed then), and when
    the tool cannot be started.
    """
    command = [*tool, sys.executable, "-m", "opbench.profiling.target.run_case", request.to_json()]
    with tempfile.TemporaryFile() as output_file:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output_file,
                stderr=subprocess.STDOUT,
                env=pinned_environment() | dict(environment or {}),
                start_new_session=True,
            )
        except OSError as exc:
            raise MachineError(f"cannot start {command[0]}: {exc.strerror}") from exc
        doing = f"{Path(tool[0]).name} on" if tool else "tracing" if request.region == "trace" else "preparing"
        _wait(process, wait, time_limit_s, f"{doing} {request.case.backend}")
        output_file.seek(0)
        output = output_file.read().decode("utf-8", "replace")
    return TargetResult(read_answer(request.answer_file), process.returncode, output)


def read_answer(file: Path) -> dict[str, Any] | None:
    """What `run_case` wrote; None where it did not get that far, or what is there is none of its answers."""
    try:
        answer = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _wait(process: subprocess.Popen[bytes], wait: Wait, time_limit_s: float, doing: str) -> None:
    try:
        wait(process, time_limit_s)
    except subprocess.TimeoutExpired:
        raise MachineError(f"{doing}: not done within {time_limit_s:g} s; allow more with --time-limit") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
