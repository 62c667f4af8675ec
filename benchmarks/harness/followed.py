"""What it costs to look at a run while it is measured: a look, the page's server, and the sweep beside it.

    python -m benchmarks.harness.followed [--records 1000] [--seconds 20] [--rounds 5]

A look and the server are in processor time: of this process for a look, of the serving process without its clients for
the server, over so many seconds at two rows a second. The sweep is one of six cases, in turns without the page, with
the page and nobody there, and with one client: ratios of medians, the middle one of the cases and the extremes, and
wall seconds. Nothing else should run.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from opbench.live.server import served
from opbench.live.watch import Watch
from opbench.store import progress
from opbench.store.runs import Run
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Check, Measured, Record
from reports.pages import live_page

CHECK = Check(True, 1, 0, 0.0, 0.0, 0.0, 0.0)
ROWS_A_SECOND = 2
WAYS = ("no page", "page, nobody there", "page, one client")
SWEEP = (
    *("channels", "--operator", "cross_hadamard", "--channels", "16,32"),
    *("--backend", "torch_eager,torch_select,cpp_ext", "--budget", "0.5", "--threads", "1"),
)


def record(number: int) -> Record:
    samples = tuple(1e-5 * (1 + at / 1000) for at in range(250))
    case = Case(Point("op", Axes({"size": number})), "cpp")
    return Record(case, Measured(CHECK, samples, 8, "target", 0.1, 1, 0.1, 0.2), {"threads": 2}, "abc", "2027-01-01")


def looks(records: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
        run.append([])
        progress.begin(run, 2 * records, 0, 0, 0)
        run.append(record(number) for number in range(records))
        watch = Watch(run)
        print(f"first look at {records} records: {_look_s(watch) * 1e3:.0f} ms")
        print(f"a look at nothing new: {median(_look_s(watch) for _ in range(101)) * 1e6:.0f} us")
        each = []
        for number in range(records, records + 51):
            run.append([record(number)])
            each.append(_look_s(watch))
        print(f"a look at one new record: {median(each) * 1e6:.0f} us")


def _look_s(watch: Watch) -> float:
    began = time.process_time()
    watch.look(time.time()).to_json()
    return time.process_time() - began


def serving(clients: int, seconds: float) -> None:
    """Processor seconds a second of a process that serves a growing run to processes of their own."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
        said: list[str] = []
        with run.journal() as journal:
            progress.begin(run, 9999, 0, 60, time.time())
            page = live_page.render("rows").encode()
            with served(Watch(run), 0, page, said.append):
                address = said[0].rpartition(" ")[2]
                readers = [_reader(address) for _ in range(clients)]
                time.sleep(1)
                spent = time.process_time()
                for number in range(int(seconds * ROWS_A_SECOND)):
                    journal.append([record(number)])
                    time.sleep(1 / ROWS_A_SECOND)
                spent = time.process_time() - spent
            for reader in readers:
                reader.wait()
    print(
        f"serving {clients} clients, {ROWS_A_SECOND} rows a second and their writing: {spent / seconds:.2%} of a core"
    )


def _reader(address: str) -> subprocess.Popen[bytes]:
    program = f"import urllib.request; urllib.request.urlopen({address + 'events'!r}).read()"
    return subprocess.Popen([sys.executable, "-c", program])


def sweeps(rounds: int) -> None:
    medians: dict[str, dict[str, list[float]]] = {way: {} for way in WAYS}
    walls: dict[str, list[float]] = {way: [] for way in WAYS}
    for at in range(rounds):
        for way in WAYS[at % 3 :] + WAYS[: at % 3]:
            began = time.monotonic()
            for line in _swept(way):
                data = json.loads(line)
                if data["outcome"]["kind"] == "measured":
                    key = f"{data['case']['axes']}{data['case']['backend']}"
                    medians[way].setdefault(key, []).append(median(data["outcome"]["samples_s"]))
            walls[way].append(time.monotonic() - began)
    for way in WAYS:
        ratios = [median(medians[way][key]) / median(medians[WAYS[0]][key]) for key in medians[WAYS[0]]]
        spread = f"{min(ratios):.3f} to {max(ratios):.3f}"
        print(f"{way:20} medians {median(ratios):.3f} ({spread}), wall {median(walls[way]):.1f} s")


def _swept(way: str) -> list[str]:
    with tempfile.TemporaryDirectory() as results:
        words = [sys.executable, "-m", "opbench", "sweep", *SWEEP, "--json", "--results", results]
        serve = ["--serve"] if way != WAYS[0] else []
        process = subprocess.Popen([*words, *serve], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with _client(process, reads=way == WAYS[2]):
            assert process.stdout is not None
            lines = process.stdout.read().splitlines()
        process.wait()
        return lines


@contextmanager
def _client(process: subprocess.Popen[str], *, reads: bool) -> Iterator[None]:
    """Takes what the sweep says, and where it `reads`, follows the page it names."""

    def follow() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            if reads and (found := re.search(r"http://\S+", line)):
                reader = _reader(found[0])
                process.stderr.read()
                reader.wait()

    thread = threading.Thread(target=follow)
    thread.start()
    yield
    thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    looks(asked.records)
    for clients in (0, 1, 10):
        serving(clients, asked.seconds)
    sweeps(asked.rounds)


if __name__ == "__main__":
    main()
