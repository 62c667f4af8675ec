"""A finished live run and the folder it leaves behind: both sides' files, the summary and its figure."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from opbench import catalog
from opbench.errors import MachineError
from opbench.gate.benchmark import common_prefix
from opbench.gate.decision.verdict import Judgement, Verdict
from opbench.gate.files.json_writer import Origin, write_side
from opbench.gate.output.figure import figure_rows
from opbench.gate.output.markdown import Header, markdown
from opbench.gate.pool.dry_run import DryRun
from opbench.gate.samples import SIDES, Side, StageSamples
from opbench.gate.stats.rule import Rule

FIGURE = "workers.svg"


@dataclass(frozen=True)
class LiveRun:
    """A finished run.

    samples: every slice taken.
    dry_runs: what each side's first worker showed.
    rule: as it was used.
    """

    judgements: Sequence[Judgement]
    samples: Sequence[StageSamples]
    dry_runs: Mapping[Side, DryRun]
    rule: Rule


def new_folder(results: Path, name: str) -> Path:
    """Where a run's files go, `results`/`name`/TIME; it is not made yet."""
    return results / name / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def write_artifacts(run: LiveRun, compared: Mapping[Side, str], folder: Path, allowed: frozenset[Verdict]) -> None:
    """Write the files, the summary and its figure into the folder; the summary also where GitHub looks for it.

    compared: what each side is, such as a commit. Raises MachineError where they cannot be written.
    """
    machine = str(run.dry_runs["head"].environment.get("device_name", ""))
    header = Header(compared["base"], compared["head"], machine, FIGURE)
    try:
        folder.mkdir(parents=True)
        for side in SIDES:
            result = run.dry_runs[side]
            origin = Origin(folder.name, side, compared[side], run.rule, result.environment)
            write_side(folder / f"{side}.json", origin, result.benchmarks, run.samples)
        rows = figure_rows(run.judgements, run.samples)
        prefix = common_prefix([judgement.benchmark for judgement in run.judgements])
        workers_figure = catalog.shown_by("figures.gate_workers.workers_figure")
        (folder / FIGURE).write_bytes(workers_figure(rows, run.rule.tolerance, prefix))
        text = markdown(run.judgements, header, run.rule, allowed)
        (folder / "summary.md").write_text(text, encoding="utf-8")
        if page := os.environ.get("GITHUB_STEP_SUMMARY"):
            with Path(page).open("a", encoding="utf-8") as file:
                file.write(markdown(run.judgements, replace(header, figure=""), run.rule, allowed))
    except OSError as exc:
        raise MachineError(f"the run's files cannot be written: {exc}") from exc
