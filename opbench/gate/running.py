"""`opbench gate --base REF`: from revisions to judgements, and the folder the run leaves behind."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from opbench import catalog
from opbench.errors import MachineError
from opbench.gate.archive import Origin, write
from opbench.gate.live import Ran, both, judge
from opbench.gate.recipe import Recipe
from opbench.gate.slices import SIDES
from opbench.gate.steady import as_rounds
from opbench.gate.strips import Row, row
from opbench.gate.summary import About, common_folder, markdown, ordered
from opbench.gate.telling import tell
from opbench.gate.verdict import exit_code
from opbench.gate.watching import watching
from opbench.gate.worktrees import resolve

if TYPE_CHECKING:
    from opbench.commands.gate import Asked
    from opbench.gate.rounds import Rounds
    from opbench.gate.rule import Rule
    from opbench.gate.verdict import Verdict
    from opbench.gate.worktrees import Revisions

FIGURE = "workers.svg"

DEVICE = "OPBENCH_BENCH_DEVICE"
"""Tells the benchmarks which device to use."""


def gate(asked: Asked, rule: Rule, allowed: frozenset[Verdict]) -> int:
    assert asked.base is not None
    revisions = resolve(asked.base, asked.head, Path.cwd())
    with watching(asked.as_json) as watch:
        if revisions.note:
            watch.note(revisions.note)
        with both(revisions, asked.install, watch, asked.wait) as installed:
            seed = secrets.randbits(32)
            ran = judge(installed, recipe(asked, revisions.root), rule, seed, watch, asked.wait)
    tell(ran.judgements, allowed, ran.rule, asked.as_json)
    folder = asked.results / "gate" / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    keep(ran, revisions, folder, allowed)
    watch.note(f"report: {folder / 'summary.md'}")
    return exit_code(ran.judgements, allowed)


def recipe(asked: Asked, root: Path) -> Recipe:
    """How workers are started for what was asked."""
    return Recipe(
        paths=tuple(asked.paths),
        keyword=asked.keyword,
        threads=asked.threads,
        device=asked.device,
        root=root,
        time_limit_s=asked.time_limit_s,
        extra_environment={side: {DEVICE: asked.device} for side in SIDES},
    )


def keep(ran: Ran, revisions: Revisions, folder: Path, allowed: frozenset[Verdict]) -> None:
    """Both sides' files, the summary and its figure into the folder; the summary also where GitHub looks for it.

    Raises MachineError where they cannot be written.
    """
    machine = str(ran.scouted["head"].environment.get("device_name", ""))
    about = About(revisions.base, revisions.head, machine, FIGURE)
    try:
        folder.mkdir(parents=True)
        for side in SIDES:
            revision = getattr(revisions, side)
            origin = Origin(folder.name, side, revision, ran.rule, ran.scouted[side].environment)
            write(folder / f"{side}.json", origin, ran.scouted[side].found, ran.taken)
        (folder / FIGURE).write_bytes(catalog.gate_figure()(_rows(ran), ran.rule.tolerance, _folder(ran)))
        text = markdown(ran.judgements, about, ran.rule, allowed)
        (folder / "summary.md").write_text(text, encoding="utf-8")
        if page := os.environ.get("GITHUB_STEP_SUMMARY"):
            with Path(page).open("a", encoding="utf-8") as file:
                file.write(markdown(ran.judgements, replace(about, figure=""), ran.rule, allowed))
    except OSError as exc:
        raise MachineError(f"the run's files cannot be written: {exc}") from exc


def _folder(ran: Ran) -> str:
    return common_folder([one.benchmark for one in ran.judgements])


def _rows(ran: Ran) -> list[Row]:
    """Every judgement with the rounds it rests on, those that need action first."""
    rounds: dict[tuple[str, str], Rounds] = {}
    for taken in ran.taken:
        key, played = (taken.benchmark, taken.stage), as_rounds(taken)
        rounds[key] = rounds[key].followed_by(played) if key in rounds else played
    rows = []
    for one in ordered(ran.judgements):
        screening = rounds.get((one.benchmark, "widen")) or rounds.get((one.benchmark, "screen"))
        rows.append(row(one, screening, rounds.get((one.benchmark, "confirm"))))
    return rows
