"""Runs of shards, measured by processes that answer at once."""

from __future__ import annotations

from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest

from opbench.cli.progress import Reporter
from opbench.planning.plan_file import Part, PlanFile
from opbench.planning.request import Request
from opbench.planning.shard import Shard
from opbench.running import runner as running
from opbench.running.runner import Runner
from opbench.store.runs import Run
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.sweep import Narrowing
from tests.answering import Answering

BY = Narrowing(
    axes={"channels": (3, 5, 17, 128), "edge": (5,), "batch": (1, 2)},
    operators=("cross_hadamard",),
    backends=("torch_eager", "torch_select"),
)
REQUEST = Request("channels", "cpu", "wall", 0.1, by=BY)
CASES = 16
"""Of eight points, by two backends."""


class Noon:
    """Of one day, whenever it is asked: a case measured twice is then the same record, however long a test takes."""

    @staticmethod
    def now(zone: tzinfo) -> datetime:
        return datetime(2027, 1, 1, 12, tzinfo=zone)


def shard_run(folder: Path, text: str = "1/1", process: Answering | None = None, request: Request = REQUEST) -> Run:
    """A finished run of this shard below the folder."""
    shard, run = Shard.of(text), Run(folder / request.name / text.replace("/", "of"))
    run.folder.mkdir(parents=True)
    share = request.share(shard)
    PlanFile((Part.of(request, shard, share),)).write(run)
    started: Any = process or Answering()
    runner = Runner(run, "cpu", Settings(budget_s=0.1), Reporter(), hold=False, start=started, revision="0123456789ab")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(running, "datetime", Noon)
        runner.go(share.tasks)
    return run


def keys(run: Run) -> list[str]:
    return [record.case.key for record in run.records()]


def without_lines(run: Run, wanted: str) -> None:
    """Take the lines of the cases with this word out of a run's records."""
    lines = run.records_file.read_text().splitlines(keepends=True)
    run.records_file.write_text("".join(line for line in lines if wanted not in line))
