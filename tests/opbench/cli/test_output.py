"""An output that cannot take what is written is one line and exit code 3, never a traceback or a result."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from opbench.cli import output

ROOT = Path(__file__).parents[3]


def typed(words: list[str], **given: str | int) -> subprocess.CompletedProcess[str]:
    """The program as a process of its own; `given` are variables of its environment, and `stdout` a file handle."""
    stdout = given.pop("stdout", subprocess.PIPE)
    environment = os.environ | {name: str(value) for name, value in given.items()}
    command = [sys.executable, "-m", "opbench", *words]
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdout=int(stdout), stderr=subprocess.PIPE, text=True, check=False
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full: only Linux has it")
def test_a_full_standard_output_is_one_line_and_exit_code_3() -> None:
    with Path("/dev/full").open("w") as full:
        run = typed(["ls"], stdout=full.fileno())
    assert run.returncode == 3
    assert run.stderr.startswith("opbench: cannot write results to standard output: No space left on device")
    assert len(run.stderr.splitlines()) == 1


def test_letters_that_standard_output_has_none_for_are_replaced() -> None:
    print_some = (
        "import sys; from opbench.cli import output; output.forgive_encodings(); print('5 \\xb5s'); output.flush()"
    )
    run = subprocess.run(
        [sys.executable, "-c", print_some], cwd=ROOT, env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stdout, run.stderr) == (0, "5 ?s\n", "")


@pytest.mark.parametrize(
    ("exc", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "cannot write results to standard output: No space left"),
        (OSError(errno.ENOSPC, "No space left on device", "/a/b"), "cannot write to /a/b: No space left"),
        (OSError(errno.EMFILE, "Too many open files", "/a/b"), "may open no more files (ulimit -n is "),
        (ImportError("libx.so: cannot open shared object file: Too many open files"), "allow more: ulimit -n"),
    ],
)
def test_what_the_machine_has_no_more_of_is_said_with_what_to_do(exc: Exception, says: str) -> None:
    said = output.exhausted(exc)
    assert said is not None
    assert says in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    "exc", [FileNotFoundError(errno.ENOENT, "No such file"), ImportError("no torch"), ValueError()]
)
def test_a_fault_of_ours_is_not_the_machines(exc: Exception) -> None:
    assert output.exhausted(exc) is None


def test_a_dropped_stream_takes_what_it_held(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as stream:
        stream.write("held")
        output.drop(stream)
        stream.flush()
    assert (tmp_path / "file").read_text() == ""


def test_a_stream_that_is_no_file_is_left_alone() -> None:
    stream = io.StringIO()
    output.drop(stream)
    assert stream.write("x") == 1
