"""A pair of files that passes, spoiled in one thing at a time: none may go on passing, least of all unseen."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from opbench.errors import UsageError
from opbench.gate.decision.verdict import CANNOT_VOUCH, FAILED, PASSED, Judgement, Verdict, exit_code
from opbench.gate.runs.stored import judge_files
from opbench.gate.samples import Side
from opbench.gate.stats.rule import DEFAULT
from opbench.store.environment_facts import environment_digest

from ..stored_pairs import BENCHMARKS, Pair, synthetic, write_pair, write_plain

WRONG = UsageError.exit_code

SAMPLES = 8
"""A slice, see `synthetic`."""


def judged(pair: Pair) -> tuple[int, list[Judgement]]:
    try:
        judgements = judge_files([pair.base], [pair.head], DEFAULT)
    except UsageError:
        return WRONG, []
    return exit_code(judgements), judgements


@pytest.fixture(scope="session")
def passing(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return write_pair(tmp_path_factory.mktemp("passing"), [synthetic(benchmark.id) for benchmark in BENCHMARKS])


@pytest.fixture
def pair(passing: Pair, tmp_path: Path) -> Pair:
    return Pair(
        Path(shutil.copy(passing.base, tmp_path / "base.json")), Path(shutil.copy(passing.head, tmp_path / "head.json"))
    )


def rewritten(change: Callable[[Any], None], side: Side, pair: Pair) -> None:
    with pair.edit(side) as content:
        change(content)


def first(change: Callable[[Any], None], pair: Pair, side: Side = "head") -> None:
    with pair.edit(side) as content:
        change(content["benchmarks"][0])


def sample(value: Any, pair: Pair) -> None:
    first(lambda entry: entry["stats"]["data"].__setitem__(3, value), pair)


def column(name: str, value: Any, pair: Pair) -> None:
    first(lambda entry: entry["extra_info"]["opbench"]["slices"][name].__setitem__(3, value), pair)


def deleted(pair: Pair, side: Side = "head") -> None:
    def change(content: Any) -> None:
        content["opbench"]["listed"].remove(content["benchmarks"].pop(0)["fullname"])

    rewritten(change, side, pair)


def named(name: str | None, pair: Pair) -> None:
    def change(content: Any) -> None:
        content["benchmarks"][0]["fullname"] = content["opbench"]["listed"][0] = name

    rewritten(change, "head", pair)


def surroundings(pair: Pair, key: str, value: Any) -> None:
    """Workers in another environment, told without contradiction."""

    def change(content: Any) -> None:
        content["opbench"]["environment"] |= {key: value}
        for entry in content["benchmarks"]:
            entry["extra_info"]["opbench"]["environment"] = environment_digest(content["opbench"]["environment"])

    rewritten(change, "head", pair)


def machine(key: str, value: Any, pair: Pair) -> None:
    rewritten(lambda content: content["machine_info"].__setitem__(key, value), "head", pair)


def origin(key: str, value: Any, pair: Pair) -> None:
    rewritten(lambda content: content["opbench"].__setitem__(key, value), "head", pair)


def text(change: Callable[[str], str], pair: Pair) -> None:
    pair.head.write_text(change(pair.head.read_text()))


def other(content: Any, pair: Pair) -> None:
    pair.head.write_text(json.dumps(content))


def without(fits: Callable[[Any, int], bool], pair: Pair) -> None:
    """Slices for which `fits` leave the first benchmark of head, columns and samples alike."""

    def change(entry: Any) -> None:
        columns, data = entry["extra_info"]["opbench"]["slices"], entry["stats"]["data"]
        remaining = [row for row in range(len(columns["worker"])) if not fits(columns, row)]
        entry["stats"]["data"] = [data[row * SAMPLES + at] for row in remaining for at in range(SAMPLES)]
        for name in columns:
            columns[name] = [columns[name][row] for row in remaining]

    first(change, pair)


def later(seconds: float, pair: Pair) -> None:
    """The whole of one benchmark at another time than base."""

    def change(entry: Any) -> None:
        columns = entry["extra_info"]["opbench"]["slices"]
        columns["at_s"] = [at_s + seconds for at_s in columns["at_s"]]

    first(change, pair)


def exchanged_rounds(pair: Pair) -> None:
    def change(entry: Any) -> None:
        columns = entry["extra_info"]["opbench"]["slices"]
        columns["round"] = [{0: 1, 1: 0}.get(number, number) for number in columns["round"]]

    first(change, pair)


def scaled(factor: Callable[[int], float], pair: Pair, sides: tuple[Side, ...] = ("head",)) -> None:
    """Every worker's samples, by its place among the workers of its side."""
    for side in sides:
        with pair.edit(side) as content:
            for entry in content["benchmarks"]:
                columns, data = entry["extra_info"]["opbench"]["slices"], entry["stats"]["data"]
                workers = sorted(set(columns["worker"]))
                for row, worker in enumerate(columns["worker"]):
                    for at in range(row * SAMPLES, (row + 1) * SAMPLES):
                        data[at] *= factor(workers.index(worker))


def played_anew(pair: Pair, **how: Any) -> None:
    write_pair(pair.base.parent, [synthetic(benchmark.id, **how) for benchmark in BENCHMARKS])


def one_slow(pair: Pair, others: float = 1.0) -> None:
    """One of head's workers twice as slow, among so many that ranks pass over it."""
    played_anew(pair, workers=12)
    scaled(lambda worker: 2.0 if worker == 0 else others, pair)


def swapped(pair: Pair) -> None:
    pair.base, pair.head = pair.head, pair.base


def same(pair: Pair) -> None:
    pair.head = pair.base


def copied(pair: Pair) -> None:
    """Base's samples under head's name."""
    shutil.copy(pair.base, pair.head)
    origin("side", "head", pair)


def one_kind_plain(pair: Pair) -> None:
    pair.head = write_plain(pair.head.parent, "head", 1)[0]


def duplicate(pair: Pair) -> None:
    rewritten(lambda content: content["benchmarks"].append(content["benchmarks"][0]), "head", pair)


def nothing_left(pair: Pair) -> None:
    rewritten(lambda content: content["benchmarks"].clear(), "head", pair)


def nothing_left_of_either(pair: Pair) -> None:
    nothing_left(pair)
    rewritten(lambda content: content["benchmarks"].clear(), "base", pair)


def unmeasured_in_both(pair: Pair) -> None:
    for side in ("base", "head"):
        with pair.edit(side) as content:
            content["benchmarks"].pop(0)


def worker_of_base(pair: Pair) -> None:
    """A head worker with the number of one of base."""

    def change(entry: Any) -> None:
        columns = entry["extra_info"]["opbench"]["slices"]
        columns["worker"] = [0 if number == 1 else number for number in columns["worker"]]

    first(change, pair)


def stage(name: str, pair: Pair) -> None:
    def change(entry: Any) -> None:
        columns = entry["extra_info"]["opbench"]["slices"]
        columns["stage"] = [name for _ in columns["stage"]]

    first(change, pair)


NAME = BENCHMARKS[0].id

MUTATIONS: dict[str, tuple[Callable[[Pair], object], int, Verdict | None]] = {
    "deleted test": (deleted, CANNOT_VOUCH, Verdict.DELETED),
    "new test": (partial(deleted, side="base"), CANNOT_VOUCH, Verdict.NEW),
    "renamed test": (partial(named, NAME.replace("test_add", "test_addition")), CANNOT_VOUCH, Verdict.RENAMED),
    "moved test": (partial(named, NAME.replace("kernels", "others")), CANNOT_VOUCH, Verdict.RENAMED),
    "duplicate name": (duplicate, WRONG, None),
    "no name": (partial(named, None), WRONG, None),
    "all benchmarks gone": (nothing_left, WRONG, None),
    "all benchmarks gone on both sides": (nothing_left_of_either, WRONG, None),
    "listed, never measured": (unmeasured_in_both, CANNOT_VOUCH, Verdict.EMPTY),
    "NaN": (partial(sample, math.nan), CANNOT_VOUCH, Verdict.INVALID),
    "infinity": (partial(sample, math.inf), CANNOT_VOUCH, Verdict.INVALID),
    "zero": (partial(sample, 0.0), CANNOT_VOUCH, Verdict.INVALID),
    "negative": (partial(sample, -1e-3), CANNOT_VOUCH, Verdict.INVALID),
    "null": (partial(sample, None), CANNOT_VOUCH, Verdict.INVALID),
    "text": (partial(sample, "0.001"), CANNOT_VOUCH, Verdict.INVALID),
    "truth value": (partial(sample, True), CANNOT_VOUCH, Verdict.INVALID),
    "samples no list": (partial(first, lambda e: e["stats"].update(data=1e-3)), CANNOT_VOUCH, Verdict.INVALID),
    "no samples": (partial(first, lambda e: e["stats"].update(data=[])), CANNOT_VOUCH, Verdict.EMPTY),
    "samples not stored": (partial(first, lambda e: e["stats"].pop("data")), CANNOT_VOUCH, Verdict.EMPTY),
    "no stats": (partial(first, lambda e: e.pop("stats")), CANNOT_VOUCH, Verdict.EMPTY),
    "one sample lost": (partial(first, lambda e: e["stats"]["data"].pop()), CANNOT_VOUCH, Verdict.INVALID),
    "no slices": (partial(first, lambda e: e["extra_info"].clear()), CANNOT_VOUCH, None),
    "a column short": (
        partial(first, lambda e: e["extra_info"]["opbench"]["slices"]["round"].pop()),
        CANNOT_VOUCH,
        Verdict.INVALID,
    ),
    "a column gone": (
        partial(first, lambda e: e["extra_info"]["opbench"]["slices"].pop("order")),
        CANNOT_VOUCH,
        Verdict.INVALID,
    ),
    "negative count": (partial(column, "samples", -8), CANNOT_VOUCH, Verdict.INVALID),
    "calls differ between sides": (partial(column, "calls", 5), CANNOT_VOUCH, Verdict.INVALID),
    "a stage nobody knows": (partial(stage, "warm"), CANNOT_VOUCH, Verdict.INVALID),
    "a stage of one side": (partial(stage, "widen"), CANNOT_VOUCH, Verdict.INVALID),
    "two workers in one turn": (partial(column, "order", 99), CANNOT_VOUCH, Verdict.INVALID),
    "a worker missing": (partial(without, lambda c, row: c["worker"][row] == 3), CANNOT_VOUCH, Verdict.INVALID),
    "a worker of both sides": (worker_of_base, CANNOT_VOUCH, Verdict.INVALID),
    "a round missing": (partial(without, lambda c, row: c["round"][row] == 5), CANNOT_VOUCH, Verdict.INVALID),
    "a slice missing": (partial(without, lambda _, row: row == 9), CANNOT_VOUCH, Verdict.INVALID),
    "no slice left": (partial(without, lambda *_: True), CANNOT_VOUCH, Verdict.EMPTY),
    "head ran an hour later": (partial(later, 3600.0), CANNOT_VOUCH, Verdict.INVALID),
    "rounds exchanged": (exchanged_rounds, CANNOT_VOUCH, Verdict.INVALID),
    "other cpu": (partial(surroundings, key="device_name", value="Xeon"), CANNOT_VOUCH, Verdict.MACHINE),
    "other python": (partial(surroundings, key="python", value="3.12.1"), CANNOT_VOUCH, Verdict.MACHINE),
    "other library": (partial(surroundings, key="versions", value={"torch": "2.9.0"}), CANNOT_VOUCH, Verdict.MACHINE),
    "other threads": (partial(surroundings, key="threads", value=2), CANNOT_VOUCH, Verdict.MACHINE),
    "unpinned": (partial(surroundings, key="pinned", value={}), CANNOT_VOUCH, Verdict.MACHINE),
    "a setting of tomorrow": (partial(surroundings, key="governor", value="powersave"), CANNOT_VOUCH, Verdict.MACHINE),
    "other system": (partial(machine, "system", "Darwin"), CANNOT_VOUCH, Verdict.MACHINE),
    "other processor in machine_info": (partial(machine, "cpu", {"brand_raw": "M4"}), CANNOT_VOUCH, Verdict.MACHINE),
    "environment and digest disagree": (
        partial(first, lambda e: e["extra_info"]["opbench"].update(environment="0" * 12)),
        CANNOT_VOUCH,
        Verdict.INVALID,
    ),
    "other parameters": (partial(first, lambda e: e["params"].update(channels="9")), CANNOT_VOUCH, Verdict.CHANGED),
    "parameters gone": (partial(first, lambda e: e.update(params=None)), CANNOT_VOUCH, Verdict.CHANGED),
    "other source": (
        partial(first, lambda e: e["extra_info"]["opbench"].update(digest="sub")),
        CANNOT_VOUCH,
        Verdict.CHANGED,
    ),
    "empty file": (partial(text, lambda _: ""), WRONG, None),
    "blank file": (partial(text, lambda _: "\n \n"), WRONG, None),
    "no file": (lambda pair: pair.head.unlink(), WRONG, None),
    "cut short": (partial(text, lambda whole: whole[: len(whole) // 2]), WRONG, None),
    "cut in the first character": (partial(text, lambda _: "{"), WRONG, None),
    "not text": (lambda pair: pair.head.write_bytes(b"\xff\xfe\x00\x81" * 9), WRONG, None),
    "a number": (partial(other, 7), WRONG, None),
    "asv": (partial(other, {"results": {}, "commit_hash": "abc", "params": {}}), WRONG, None),
    "Google Benchmark": (partial(other, {"context": {}, "benchmarks": [{"name": "a", "real_time": 1}]}), WRONG, None),
    "same file": (same, WRONG, None),
    "copy of base": (copied, WRONG, None),
    "swapped sides": (swapped, WRONG, None),
    "other run": (partial(origin, "run", "run-2"), WRONG, None),
    "later schema": (partial(origin, "schema", 99), WRONG, None),
    "no rule": (partial(origin, "rule", None), WRONG, None),
    "a rule of tomorrow": (partial(origin, "rule", {"looks": [3], "sureness": 1}), WRONG, None),
    "no list of benchmarks": (partial(origin, "listed", None), WRONG, None),
    "plain file against ours": (one_kind_plain, WRONG, None),
    "head slower in all": (partial(scaled, lambda _: 1.05), FAILED, Verdict.REGRESSION),
    "half of head slower": (partial(scaled, lambda worker: 1.05 if worker % 2 else 1.0), CANNOT_VOUCH, None),
    "one worker of head slow": (one_slow, CANNOT_VOUCH, Verdict.INCONCLUSIVE),
    "head faster but for one worker": (partial(one_slow, others=0.9), CANNOT_VOUCH, Verdict.INCONCLUSIVE),
    "half the workers, head slower": (partial(played_anew, workers=3, slowdown=1.05), CANNOT_VOUCH, None),
    "too few workers to pass": (partial(played_anew, workers=4), CANNOT_VOUCH, Verdict.INCONCLUSIVE),
    "two modes on both sides": (
        partial(scaled, lambda worker: 2.6 if worker < 2 else 1.0, sides=("base", "head")),
        CANNOT_VOUCH,
        Verdict.INCONCLUSIVE,
    ),
}


def test_the_pair_as_it_is_passes(pair: Pair) -> None:
    code, judgements = judged(pair)
    assert code == PASSED
    assert {judgement.verdict for judgement in judgements} == {Verdict.PASS}
    assert [judgement.benchmark for judgement in judgements] == [benchmark.id for benchmark in BENCHMARKS]


def test_rewriting_a_file_without_changing_it_still_passes(pair: Pair) -> None:
    rewritten(lambda _: None, "head", pair)
    first(lambda _: None, pair, "base")
    scaled(lambda _: 1.0, pair)
    assert judged(pair)[0] == PASSED


@pytest.mark.parametrize("name", MUTATIONS)
def test_no_mutation_passes(name: str, pair: Pair) -> None:
    mutate, expected, verdict = MUTATIONS[name]
    mutate(pair)
    code, judgements = judged(pair)
    assert code == expected != PASSED
    if verdict is not None:
        assert verdict in {judgement.verdict for judgement in judgements}
    assert all(judgement.reason and "\n" not in judgement.reason for judgement in judgements)


def test_there_are_as_many_mutations_as_the_gate_promises() -> None:
    assert len(MUTATIONS) >= 30
