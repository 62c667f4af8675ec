"""What reads the gate's files: sides of a run, files of pytest-benchmark, recordings of workers, declarations."""

from __future__ import annotations

import io
import random
import re
from pathlib import Path

from rich.console import Console

from opbench.gate.decision.sequential_test import SequentialTest
from opbench.gate.files.recording import load, record, save
from opbench.gate.files.replay import replay_workers
from opbench.gate.output import console
from opbench.gate.output.markdown import Header, markdown
from opbench.gate.runs.stored import judge_files
from opbench.gate.samples import SIDES
from opbench.gate.source.dependencies import declared_dependencies, differences
from opbench.gate.stats.rule import DEFAULT
from tests.mutating.reader import Reader
from tests.opbench.gate.stored_pairs import BENCHMARKS, synthetic, write_pair, write_plain

ABOUT = {"machine": "Abacus", "condition": "quiet", "slice_s": 0.01}


def pair(folder: Path) -> Path:
    return write_pair(folder, [synthetic(one.id, workers=3, rounds=4) for one in BENCHMARKS[:2]]).head


def plain_files(folder: Path) -> Path:
    for side in SIDES:
        write_plain(folder, side, 3, names=2)
    return folder / "head1.json"


def read_pair(file: Path) -> None:
    judged([file.with_name("base.json")], [file])


def read_plain(file: Path) -> None:
    judged(*(sorted(file.parent.glob(f"{side}*.json")) for side in SIDES))


def judged(base: list[Path], head: list[Path]) -> None:
    """Judged, and shown in every way there is."""
    judgements = judge_files(base, head, DEFAULT)
    for in_json in (False, True):
        console.print_results(judgements, (), DEFAULT, in_json)
    shown = Console(file=io.StringIO(), force_terminal=True, width=80)
    with shown.capture() as captured:
        console.print_table(shown, judgements, (), DEFAULT)
    print(without_styles(captured.get()))
    print(markdown(judgements, Header("a" * 12, "b" * 12, "Abacus"), DEFAULT))


def without_styles(text: str) -> str:
    """What rich itself adds to a text on a terminal taken out again."""
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def tapes(folder: Path) -> Path:
    file = folder / "tapes.npz"
    save([record(synthetic(one.id, workers=26, rounds=3), 2, ABOUT, same_code=True) for one in BENCHMARKS[:2]], file)
    return file


def read_tapes(file: Path) -> None:
    """Loaded, and one run of the gate replayed on it."""
    recordings = load(file)
    draw = random.Random(7)
    dealt = {recording.benchmark: recording.with_random_sides(draw) for recording in recordings}
    SequentialTest(replay_workers(dealt, draw), DEFAULT).run(list(dealt))


def project(folder: Path) -> Path:
    file = folder / "pyproject.toml"
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    file.write_text(text.partition("[tool.mypy]")[0], encoding="utf-8")
    return file


def read_project(file: Path) -> None:
    for line in differences({}, declared_dependencies(file.parent)):
        assert "\n" not in line


READERS = (
    Reader("gate files", pair, read_pair, share=80),
    Reader("pytest-benchmark files", plain_files, read_plain, share=60),
    Reader("tapes", tapes, read_tapes, share=60),
    Reader("declarations", project, read_project, share=40),
)
