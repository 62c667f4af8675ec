"""The program as typed: exit codes, one line per refusal, no traceback, nothing lost."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opbench.cli.progress import Lines
from opbench.commands.app import main
from opbench.commands.invocation import stop
from opbench.store.lock import measuring
from opbench.store.runs import latest_run
from opbench.vocabulary.record import Contended, Measured, Record

from .typed import ROOT, Ended, Typing

LABEL = ("torch_eager",)
SMALL = ("--channels", "3", "--edge", "5", "--batch", "1", "--operator", "cross_hadamard", "--backend", "torch_eager")


Typed = Callable[..., Ended]


@pytest.fixture
def opbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    return Typing(monkeypatch, capsys)


def test_the_program_itself_refuses_in_one_line_without_a_traceback() -> None:
    command = [sys.executable, "-m", "opbench", "sweep", "chanels"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr.startswith("opbench: no sweep 'chanels' (did you mean 'channels'?)")
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("sweep", "chanels"), 2, "no sweep 'chanels' (did you mean 'channels'?)"),
        (("sweep", "channels", "--backend", "tritn"), 2, "no backend 'tritn'"),
        (("sweep", "channels", "--chanels", "3"), 2, "no axis 'chanels'"),
        (("sweep", "channels", "--edge", "-1"), 2, "is -1; expected an integer >= 0"),
        (("sweep", "channels", "--dtype", "int8"), 2, "no dtype 'int8'"),
        (("sweep", "channels", "--device", "tpu"), 2, "no device 'tpu'"),
        (("sweep", "channels", "--device", "cuda"), 3, "PyTorch sees no CUDA device"),
        (("sweep", "channels", "--device", "cpu", "--clock", "cuda_graph:warm"), 2, "no clock 'cuda_graph:warm'"),
        (("sweep", "channels", "--results", "pyproject.toml"), 2, "expected a folder"),
        (("sweep", "channels", "--target", "-1"), 2, "target"),
        (("sweep", "channels", "--target", "x"), 2, "--target"),
        (("sweep", "channels", "--backend", ","), 2, "expected one or more names"),
        (("check", "cross_hadamard", "--dtype", ""), 2, "expected one or more names"),
        (("sweep", "channels", "--threads", "1000000"), 2, "--threads is 1000000"),
        (("sweep", "channels", "--threads", "1,2"), 2, "sweep 'channels' has no axis of threads; give one"),
        (("sweep", "channels", "--threads", "x"), 2, "non-negative integers"),
        (("sweep", "models", "--threads", "1000000", "--operator", "hadaptive_s", "--edge", "1"), 2, "edge"),
        (("sweep", "channels", "--resume", "--results", "pyproject.toml"), 2, "is a file; expected a folder"),
        (("sweep", "channels", "--shard", "0/4"), 2, "--shard is '0/4'; expected I/N"),
        (("sweep", "channels", "--edge", "7", "--shard", "2/90"), 2, "--shard I/90: there are 24 points"),
        (("sweep", "channels", "--devices", "cpu:0,cuda:0"), 2, "names cpu and cuda"),
        (("sweep", "channels", "--devices", "cpu:0", "--device", "cuda"), 2, "contradict each other"),
        (("sweep", "channels", "--devices", "cuda:0"), 3, "PyTorch sees no CUDA device"),
        (("sweep", "channels", "--devices", "cpu:0", "--ceilings"), 2, "--ceilings measures one device"),
        (("sweep", "channels", "--devices", "cpu:0", "--on", "ray"), 2, "give one of the two"),
        (("sweep", "channels", "--on", "dask"), 2, "no cluster 'dask' for --on; there are: ray"),
        (("sweep", "channels", "--accelerator", "H100"), 2, "give --on ray too"),
        (("merge",), 2, "Missing argument 'RUN ...'"),
        (("merge", "nowhere"), 2, "no run 'nowhere'"),
        (("sweep",), 2, "Missing argument 'NAME'"),
        (("swep",), 2, "swep"),
        (("report", "nowhere"), 2, "no run 'nowhere'"),
        (("check", "cross_hadamar"), 2, "did you mean 'cross_hadamard'"),
        (("check", "cross_hadamard", "--edge", "7,x"), 2, "is x; expected an integer >= 0"),
        (("count", "ach", "--channel", "3"), 2, "did you mean 'channels'"),
    ],
)
def test_a_refused_request_is_one_line_and_an_exit_code(
    opbench: Typed, words: tuple[str, ...], code: int, says: str
) -> None:
    run = opbench(*words)
    assert run.code == code
    assert says in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1


def test_a_refusal_shows_what_was_typed_and_lets_none_of_it_act_on_the_terminal(opbench: Typed) -> None:
    run = opbench("report", "nowhere", "--results", "\x1b[2Jname\rother\u202e")
    assert run.code == 2
    assert r"\x1b[2Jname\rother\u202e" in run.stderr
    assert not {"\x1b", "\r", "\u202e"} & set(run.stderr)


@pytest.mark.parametrize(
    ("raised", "says"),
    [
        (OSError(24, "Too many open files"), "opbench: this process may open no more files"),
        (OSError(28, "No space left on device"), "opbench: cannot write results to standard output: No space left"),
    ],
)
def test_a_machine_with_nothing_left_is_one_line_and_exit_code_3(
    opbench: Typed, monkeypatch: pytest.MonkeyPatch, raised: OSError, says: str
) -> None:
    def run_out(*_: object) -> None:
        raise raised

    monkeypatch.setattr("opbench.commands.listing.run", run_out)
    run = opbench("ls")
    assert run.code == 3
    assert run.stderr.startswith(says)
    assert len(run.stderr.splitlines()) == 1


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise FileNotFoundError(2, "No such file")

    monkeypatch.setattr("opbench.commands.listing.run", broken)
    monkeypatch.setattr(sys, "argv", ["opbench", "ls"])
    with pytest.raises(FileNotFoundError):
        main()


def test_a_sweep_leaves_records_table_and_page_and_can_be_resumed(opbench: Typed, tmp_path: Path) -> None:
    first = opbench("sweep", "channels", *SMALL, "--budget", "0.01", "--results", str(tmp_path))
    assert first.code == 0, first.stderr
    (folder,) = (tmp_path / "channels").iterdir()
    assert {"records.jsonl", "environment.json", "table.csv", "report.html"} <= {file.name for file in folder.iterdir()}
    assert str(folder / "report.html") in first.stdout
    again = opbench("sweep", "channels", *SMALL, "--channels", "5", "--resume", "--json", "--results", str(tmp_path))
    records = [json.loads(line) for line in again.stdout.splitlines()]
    assert [one["case"]["axes"]["channels"] for one in records] == [3, 5]


RIGHT = {"macs": 0, "products": 75, "elementwise": 0}
"""Of three channels of 5x5 maps: three pairs."""


def counted(opbench: Typed, monkeypatch: pytest.MonkeyPatch, *words: str, **counts: object) -> Ended:
    monkeypatch.setattr("opbench.commands.count.count", lambda *_: counts)
    return opbench("count", "cross_hadamard", "--channels", "3", "--edge", "5", "--batch", "1", *words)


def test_counts_that_differ_are_told_and_are_an_exit_code(opbench: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    run = counted(opbench, monkeypatch, fvcore=RIGHT, torch=RIGHT | {"macs": 7})
    assert run.code == 1
    assert "torch DIFFERS" in run.stdout
    assert "the definition and torch differ in macs: 0 and 7" in run.stdout
    assert "fvcore and torch differ in macs: 0 and 7" in run.stdout
    lines = counted(opbench, monkeypatch, "--json", fvcore=RIGHT, torch=RIGHT | {"macs": 7}).stdout.splitlines()
    assert len(json.loads(lines[0])["differences"]) == 2


def test_a_counter_without_a_count_differs_from_nobody(opbench: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    run = counted(opbench, monkeypatch, fvcore="no formula", torch=RIGHT)
    assert run.code == 0
    assert "no formula" in run.stdout
    assert "differ" not in run.stdout.lower()


def test_a_results_folder_of_an_older_schema_is_refused_and_kept(opbench: Typed, tmp_path: Path) -> None:
    folder = tmp_path / "channels" / "old"
    folder.mkdir(parents=True)
    (folder / "records.jsonl").write_text('{"schema": 0}\n')
    run = opbench("sweep", "channels", *SMALL, "--resume", "--results", str(tmp_path))
    assert run.code == 2
    assert "schema 0, this opbench reads schemas 1 and 2" in run.stderr
    assert (folder / "records.jsonl").read_text() == '{"schema": 0}\n'


def test_check_passes_where_all_is_right_and_speaks_json(opbench: Typed) -> None:
    run = opbench("check", "cross_hadamard", "--backend", "torch_eager", "--mode", "out", "--json")
    assert run.code == 0, run.stderr
    assert {json.loads(line)["outcome"] for line in run.stdout.splitlines()} == {"passed"}


@pytest.mark.parametrize(
    "words",
    [
        ("sweep", "channels", *SMALL),
        ("ceilings", "--again"),
        ("check", "cross_hadamard", "--limit", *SMALL[:6], "--backend", "torch_eager"),
        ("profile", "cross_hadamard", *SMALL[:6], "--backend", "torch_eager"),
        ("gate", "tests/bench", "--calibrate"),
    ],
    ids=lambda words: words[0],
)
def test_what_measures_does_not_measure_beside_another(opbench: Typed, tmp_path: Path, words: tuple[str, ...]) -> None:
    results = () if words[0] == "check" else ("--results", str(tmp_path))
    with measuring("cpu", print):
        ended = opbench(*words, *results, "--device", "cpu", "--no-wait")
    assert ended.code == 3
    last = ended.stderr.splitlines()[-1]
    assert re.fullmatch(rf"opbench: not waiting for process {os.getpid()}, measuring on cpu since .*", last)
    assert not list(tmp_path.rglob("records.jsonl")) or words[0] == "profile"


def test_a_sweep_beside_others_says_so_at_once_and_what_stays_open_is_exit_3(
    opbench: Typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("OPBENCH_CONTENTION")
    monkeypatch.setattr("opbench.commands.sweep.run.disturbance", lambda *_: "others used 1.98 of 2 cores")
    monkeypatch.setattr("opbench.commands.sweep.run.sleep", lambda _: None)
    monkeypatch.setattr("opbench.measure.contention.Machine.busiest", lambda _: ["make (process 7, 1.9 cores)"])
    monkeypatch.setattr(
        "opbench.running.runner.Runner._outcomes", lambda _, task: (dict.fromkeys(LABEL, Contended("busy")), {})
    )
    words = ("sweep", "channels", *SMALL, "--results", str(tmp_path))
    ended = opbench(*words)
    assert ended.code == 3
    assert ended.stderr.startswith("this machine is busy: others used 1.98 of 2 cores (make (process 7, 1.9 cores));")
    assert "CONTENDED: busy" in ended.stderr
    monkeypatch.undo()
    assert opbench(*words, "--resume").code == 0
    (record,) = latest_run(tmp_path, "channels").records()
    assert isinstance(record.outcome, Measured)


def test_listings_name_what_there_is(opbench: Typed) -> None:
    listed = json.loads(opbench("ls", "--json").stdout)
    assert {"channels", "batch", "spatial", "expansion"} <= listed["sweeps"].keys()
    rows = [json.loads(line) for line in opbench("backends", "cross_hadamard", "--json").stdout.splitlines()]
    assert {"cpp_ext", "triton_jit", "torch_eager"} <= {row["backend"] for row in rows}
    assert rows[0]["schedules"] == ["direct", "balanced", "blocked", "flat"]


def test_without_a_compiler_the_extension_is_unavailable_and_says_what_to_install(
    opbench: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    rows = map(json.loads, opbench("backends", "cross_hadamard", "--json").stdout.splitlines())
    here = {row["backend"]: row["here"]["cpu"] for row in rows if "cpu" in row["devices"]}
    assert "no C++ compiler (no-such-compiler)" in here["cpp_ext"]
    assert "no-such-compiler" in here["torch_compile"]
    assert here["torch_eager"] is None


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell's background job ignores SIGINT, one under nohup SIGHUP, and every child of it would."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler), signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGHUP, before[1])


INTERRUPTED = "opbench: interrupted; finished cases are on record, --resume goes on"


@pytest.mark.usefixtures("interruptible")
def test_a_sweep_that_is_stopped_keeps_what_it_has_and_says_how_to_go_on(tmp_path: Path) -> None:
    # A tenth of a second each at least, and more than any delay of this process lets end.
    sizes = ",".join(map(str, range(3, 2003, 2)))
    words = ["sweep", "channels", *SMALL, "--channels", sizes, "--budget", "0.1", "--target", "0.001"]
    command = [sys.executable, "-m", "opbench", *words, "--results", str(tmp_path / "results")]
    (temporary := tmp_path / "temporary").mkdir()
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as run:
        assert run.stderr is not None
        while "[1/1000" not in (line := run.stderr.readline()):
            assert line, "the sweep ended before its first case"
        assert list(temporary.glob("opbench-*"))
        run.send_signal(signal.SIGTERM)
        last = run.stderr.read().splitlines()[-1]
    assert run.returncode == 130
    assert last == INTERRUPTED
    assert 1 <= len(latest_run(tmp_path / "results", "channels").records()) < 1000
    assert list(temporary.glob("opbench-*")) == []  # what PyTorch keeps there is its cache


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_whichever_signal_stops_a_sweep_its_finished_cases_are_kept_and_no_file_is_left(
    name: str, opbench: Typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Inside this process, once a case is finished; a process of its own is stopped above, wherever it may be."""
    number, finished, temporary = getattr(signal, name), Lines.finished, tmp_path / "temporary"
    held: list[Path] = []

    def stopped(self: Lines, record: Record) -> None:
        finished(self, record)
        held.extend(temporary.glob("opbench-*"))
        assert callable(signal.getsignal(number))  # else it would end the tests
        signal.raise_signal(number)

    temporary.mkdir()
    monkeypatch.setattr(Lines, "finished", stopped)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    words = ("sweep", "channels", *SMALL, "--channels", "3,5,7", "--budget", "0.01")
    ended = opbench(*words, "--results", str(tmp_path / "results"))
    assert ended.code == 130
    assert ended.stderr.splitlines()[-1] == INTERRUPTED
    assert len(latest_run(tmp_path / "results", "channels").records()) == 1
    assert held
    assert list(temporary.glob("opbench-*")) == []


@pytest.mark.usefixtures("interruptible")
def test_under_nohup_a_terminal_may_be_closed(opbench: Typed) -> None:
    opbench("ls")
    assert signal.getsignal(signal.SIGHUP) is stop
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    opbench("ls")
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_the_second_word_of_a_closed_terminal_does_not_stop_what_tidies_up(name: str, opbench: Typed) -> None:
    opbench("ls")
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(getattr(signal, name))
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
