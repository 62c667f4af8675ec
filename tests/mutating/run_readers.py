"""What reads a run: its records, their repair, its reports, and what else is made of them."""

from __future__ import annotations

import json
import re
import shutil
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from rich.console import Console

from opbench.cli.plain import plain
from opbench.commands import app
from opbench.live.follow import Lines
from opbench.live.tail import Tail
from opbench.live.watch import Watch
from opbench.merging.merge import merge
from opbench.planning import plan_file
from opbench.planning.plan_file import Part, PlanFile
from opbench.planning.request import Request
from opbench.planning.shard import Shard
from opbench.store import progress, simulated_counts
from opbench.store.codec import from_line, outcome_to_json, to_line
from opbench.store.environment_lines import to_lines
from opbench.store.runs import Run
from opbench.vocabulary.record import Check, Contended, Failed, Mismatch, Outcome, Record, Unavailable
from opbench.vocabulary.sweep import Narrowing
from reports.terminal.live_view import live_view
from tests.counts import count
from tests.mutating.reader import Reader
from tests.opbench.merging.shard_runs import CASES, shard_run

REFERENCE = Path(__file__).parents[2] / "results" / "reference" / "epyc9004-2core"
SAMPLES = 7

MISSED = Check(False, 9, 3, float("inf"), 0.5, 1e-6, 0.0, "first at (0,): got nan, expected 1")

UNMEASURED: tuple[Outcome, ...] = (
    Failed("prepare", "RuntimeError: no kernel"),
    Unavailable("no compiler"),
    Contended("3 of 4 samples were preempted"),
    Mismatch(MISSED),
)
_CHECKSUM = re.compile(rb',"crc32":"[0-9a-f]{8}"}\s*$')


def records(folder: Path, each: int = 1) -> Path:
    """A run with that many measured records of every operator of a real one, few samples each, and one of every other
    outcome, as they are written today: their environment on a line of its own.
    """
    file = old_records(folder, each)
    written = [from_line(line) for line in file.read_bytes().splitlines()]
    file.write_text(to_lines(written)[0], encoding="utf-8")
    return file


def old_records(folder: Path, each: int = 1) -> Path:
    """The same in lines of schema 1, each with its environment."""
    file = folder / "sweep" / "run" / "records.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    seen: dict[str, int] = {}
    kept = []
    for line in (REFERENCE / "limits_2_threads" / "records.jsonl").read_text().splitlines():
        data = json.loads(line)
        operator = data["case"]["operator"]
        if data["outcome"]["kind"] != "measured" or seen.setdefault(operator, 0) == each:
            continue
        seen[operator] += 1
        data["outcome"]["samples_s"] = data["outcome"]["samples_s"][:SAMPLES]
        kept.append(data)
    for number, outcome in enumerate(UNMEASURED):
        case = kept[0]["case"] | {"backend": f"other{number}"}
        kept.append(kept[0] | {"outcome": outcome_to_json(outcome), "case": case, "limit": None})
    file.write_bytes(signed("\n".join(map(json.dumps, kept)).encode() + b"\n"))
    return file


def signed(data: bytes) -> bytes:
    """The checksum of every line put right, so that what the line says is what is judged."""
    lines = []
    for line in data.split(b"\n"):
        text = line[: found.start()] if (found := _CHECKSUM.search(line)) else line.rstrip().removesuffix(b"}")
        lines.append(b'%s,"crc32":"%08x"}' % (text, zlib.crc32(text)) if text.strip() else line)
    return b"\n".join(lines)


def read(content: bytes) -> list[Record]:
    """The records of a run whose file has this content. Raises UsageError."""
    with TemporaryDirectory(prefix="opbench-run-") as folder:
        run = Run(Path(folder))
        run.records_file.write_bytes(content)
        return run.records()


def read_records(file: Path) -> None:
    for record in Run(file.parent).records():
        line = to_line(record)
        assert to_line(from_line(line)) == line, "a record that was read and written reads otherwise"


def repair(file: Path) -> None:
    """Whatever whole lines there were stay, and a second opening finds nothing more to mend."""
    before = file.read_bytes()
    with Run(file.parent).journal() as journal:
        keys = journal.keys
        print(journal.repaired, end="")
    after = file.read_bytes()
    assert after.startswith(before[: before.rfind(b"\n") + 1]), "the repair changed a whole line"
    with Run(file.parent).journal() as journal:
        assert (journal.repaired, journal.keys) == ("", keys), "the repair was none"


def commanded(*words: str) -> None:
    """`opbench WORDS` in this process, as the command line ends it."""
    code: object = None
    with mock.patch.object(sys, "argv", ["opbench", *words]):
        try:
            app.main()
        except SystemExit as exc:
            code = exc.code
    assert code in {0, 1, 2, 3}, f"exit code {code}"


def report(file: Path) -> None:
    for name in ("figures", "only"):
        shutil.rmtree(file.parent / name, ignore_errors=True)
    commanded("report", str(file.parent))


def dispatch(file: Path) -> None:
    commanded("dispatch", str(file.parent))


def report_run(folder: Path) -> Path:
    return records(folder, each=2)


def counts(folder: Path) -> Path:
    """Counts of the PTX machine beside a run: two cases, one without registers."""
    run = Run(folder / "sweep" / "run")
    simulated_counts.add(run, [count(channels=3), replace(count("cpp_ext:direct", channels=5), registers=None)])
    return run.folder / simulated_counts.FILE


def read_counts(file: Path) -> None:
    for each in simulated_counts.read(Run(file.parent)):
        line = simulated_counts.to_line(each).encode()
        assert simulated_counts.from_line(line) == each, "a count that was read and written reads otherwise"


def plan(folder: Path) -> Path:
    """Of a merged run of two shards."""
    by = Narrowing({"channels": (3, 5), "edge": (5,)}, ("cross_hadamard",), ("torch_eager",))
    request = Request("channels", "cpu", "wall", 0.5, by=by)
    parts = [Part.of(request, shard, request.share(shard)) for shard in (Shard(1, 2), Shard(2, 2))]
    run = Run(folder / "sweep" / "run")
    run.folder.mkdir(parents=True)
    PlanFile.of(parts, merged=True).write(run)
    return run.folder / plan_file.FILE


def read_plan(file: Path) -> None:
    found = plan_file.read(Run(file.parent))
    assert found is not None
    found.write(Run(file.parent))
    assert plan_file.read(Run(file.parent)) == found, "a plan that was read and written reads otherwise"


def shard(folder: Path) -> Path:
    """The plan of one of two shards, whose runs are there."""
    first, _ = (shard_run(folder / "shards", text) for text in ("1/2", "2/2"))
    return first.folder / plan_file.FILE


def merged_shards(file: Path) -> None:
    """Put together as far as they are there, whatever the plan of one says: no record is lost."""
    shards = [Run(folder) for folder in sorted(file.parent.parent.iterdir())]
    results = file.parents[3] / "merged"
    shutil.rmtree(results, ignore_errors=True)
    found = merge(shards, results, partial=True)
    print(*map(plain, map(str, found.missing)), sep="\n")
    assert found.cells == CASES


def merged(file: Path) -> None:
    """The new run of what is merged reads as the old one does."""
    results = file.parent.parent.parent / "merged"
    shutil.rmtree(results, ignore_errors=True)
    found = merge([Run(file.parent)], results, partial=True).run
    assert sorted(map(to_line, found.records())) == sorted(map(to_line, Run(file.parent).records()))


def look(file: Path) -> None:
    """As somebody who watches it, line by line and on a screen; what is shown of it is shown as JSON too."""
    seen = Watch(Run(file.parent)).look(1.8e9)
    Lines(sys.stdout, {seen.progress.name: 0})([seen])
    Console(width=140).print(live_view([seen]))
    assert json.loads(json.dumps(seen.to_json(), allow_nan=False))["done"] == seen.progress.done
    assert seen.rows == sum(1 for _ in Tail(file).new()) if file.suffix == ".jsonl" else True


def progressing(folder: Path) -> Path:
    run = Run(records(folder).parent)
    progress.begin(run, 99, 0, 60, 1.79e9)
    return run.folder / progress.NAME


READERS = (
    Reader("plan", plan, read_plan, share=30),
    Reader("merge", records, merged, signed, share=60),
    Reader("a shard's plan", shard, merged_shards, share=30),
    Reader("a run looked at", records, look, signed, share=40),
    Reader("a run's progress", progressing, look, share=20),
    Reader("simulated counts", counts, read_counts, signed, share=50),
    Reader("records", records, read_records, signed, share=200),
    Reader("records of before", old_records, read_records, signed, share=100),
    Reader("journal", records, repair, signed, share=70),
    Reader("report", report_run, report, signed, alike=0.9, share=3),
    Reader("dispatch", records, dispatch, signed, alike=0.6, share=20),
)
