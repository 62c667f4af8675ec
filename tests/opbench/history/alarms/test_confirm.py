"""What the gate makes of alarms that the history leaves open, and how often it is asked."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from opbench.errors import MachineError
from opbench.gate.runs.artifacts import LiveRun
from opbench.gate.runs.options import GateOptions
from opbench.gate.stats.rule import Rule
from opbench.history.alarms.alarm import Alarm, Kind
from opbench.history.alarms.confirm import Confirming
from opbench.history.confirming.question import Measuring, tolerance_for
from opbench.history.row import HistoryRow

from ..builders import commit, line
from ..scripted_gate import ScriptedGate
from .test_found import EAGER, OURS, found, known, values

HERE = f"{platform.node()}@0a1b2c"
CPU = "Abacus 2"
FACTS = {"facts": f'{{"device_name": "{CPU}"}}', "environment": "e" * 12, "machine": HERE}


def rows(ratio: float = 1.1, case: str = OURS, **changes: Any) -> list[HistoryRow]:
    return line(values(ratio), case=case, **FACTS | changes)


def full(number: int) -> str:
    return commit(number) + "f" * 28


def levels(ratio: float) -> dict[str, float]:
    return {full(number): ratio if number >= 17 else 1.0 for number in range(31)}


def confirmed(made: Sequence[HistoryRow], gate: Any, machine: str = "", **looking: Any) -> list[Alarm]:
    gate_here = replace(gate, environment={"cpu": CPU}) if isinstance(gate, ScriptedGate) else gate
    told = Confirming(gate_here, Measuring(), lambda _: None, machine)(found(made, commits=known(), **looking))
    if isinstance(gate, ScriptedGate):
        gate.asked[:] = gate_here.asked
    return told


@pytest.mark.parametrize(
    ("claimed", "true", "kind", "said"),
    [
        (1.1, 1.1, Kind.CODE, "the gate confirmed it: 1.1"),
        (0.9, 0.9, Kind.CODE, "the gate confirmed it: 0.9"),
        (1.1, 1.0, Kind.NOISE, "the gate found old and new code to lie within 3 %: 1.000"),
        (0.9, 1.0, Kind.NOISE, "the gate found old and new code to lie within 3 %: 1.000"),
        (
            0.9,
            0.972,
            Kind.UNCONFIRMED,
            "the gate saw that it is no slower, and could not tell whether it is faster: 0.97",
        ),
        (1.1, 0.8, Kind.UNCONFIRMED, "the gate confirmed the contrary: 0.8"),
        (0.9, 1.2, Kind.UNCONFIRMED, "the gate confirmed the contrary: 1.2"),
    ],
)
def test_only_what_the_gate_confirms_is_code_and_what_it_refutes_is_noise(
    claimed: float, true: float, kind: Kind, said: str
) -> None:
    (one,) = confirmed(rows(claimed), ScriptedGate(levels(true)))
    assert one.kind is kind
    assert one.evidence[0].startswith(said)
    assert one.found is not None
    assert one.found.ratio == pytest.approx(true, rel=0.01)


def test_the_gate_compares_the_ends_by_half_of_the_step() -> None:
    gate = ScriptedGate(levels(1.05))
    (one,) = confirmed(rows(1.05), gate)
    ((*asked, tolerance),) = gate.asked
    assert asked == [one.old, one.new, (OURS,)]
    assert tolerance == pytest.approx(tolerance_for(one.step.ratio.mid), rel=0.01)
    assert 0.02 < tolerance < 0.03
    assert one.kind is Kind.CODE


def test_what_the_gate_cannot_tell_or_not_measure_stays_unconfirmed_with_the_reason() -> None:
    heads = frozenset(map(full, range(17, 31)))
    for gate, said in (
        (ScriptedGate(levels(1.1), wide=heads), "the gate could not tell: inconclusive"),
        (ScriptedGate(levels(1.1), crashing=heads), "the gate could not tell: crashed"),
        (ScriptedGate(levels(1.1), broken=heads), "the gate could not measure it: head cannot be collected"),
    ):
        (one,) = confirmed(rows(), gate)
        assert one.kind is Kind.UNCONFIRMED
        assert one.evidence[0].startswith(said)


def test_a_full_disk_leaves_alarms_open_and_is_told() -> None:
    def full_disk(*_: object) -> tuple[LiveRun, Any]:
        raise MachineError("no space left")

    (one,) = confirmed(rows(), full_disk)
    assert (one.kind, one.evidence[0]) == (Kind.UNCONFIRMED, "the gate could not measure it: no space left")


@pytest.mark.parametrize(("machine", "device"), [("other@0a1b2c", CPU), (HERE, "Abacus 3")])
def test_another_machine_confirms_and_does_not_refute(machine: str, device: str) -> None:
    there: dict[str, Any] = {"machine": machine, "facts": f'{{"device_name": "{device}"}}'}
    (one,) = confirmed(rows(**there), ScriptedGate(levels(1.1)))
    assert one.kind is Kind.CODE
    (one,) = confirmed(rows(**there), ScriptedGate(levels(1.0)))
    assert one.kind is Kind.UNCONFIRMED
    assert one.evidence[1].startswith(f"that was on {platform.node()} ({CPU}); the line is of ")


def test_every_run_s_answers_count() -> None:
    gate = ScriptedGate({(full(number), case): 1.1 if number >= at else 1.0
                         for number in range(31) for case, at in ((OURS, 17), (EAGER, 14))})  # fmt: skip
    told = confirmed([*rows(1.1), *line(values(1.1, 14), case=EAGER, **FACTS)], gate)
    assert len(gate.asked) == 2
    assert {one.case: one.kind for one in told} == {OURS: Kind.CODE, EAGER: Kind.CODE}


def test_a_machine_may_be_called_otherwise_than_it_calls_itself() -> None:
    (one,) = confirmed(rows(machine="ci@0a1b2c"), ScriptedGate(levels(1.0)), machine="ci")
    assert one.kind is Kind.NOISE


def test_alarms_between_the_same_commits_share_a_run_and_explained_ones_have_none() -> None:
    gate = ScriptedGate({(full(number), OURS): 1.1 if number >= 17 else 1.0 for number in range(31)})
    told = confirmed([*rows(1.1), *rows(1.1, EAGER)], gate)
    assert {one.case: one.kind for one in told} == {OURS: Kind.CODE, EAGER: Kind.NOISE}
    assert [set(cases) for _, _, cases, _ in gate.asked] == [{OURS, EAGER}]
    gate = ScriptedGate(levels(1.1))
    assert [
        one.kind for one in confirmed([*rows(), *rows(case="control", operator="write")], gate, controls=("write",))
    ][:1]
    hardware = confirmed([*rows(), *rows(case="control", operator="write")], gate, controls=("write",))
    assert {one.case: one.kind for one in hardware}[OURS] is Kind.HARDWARE
    assert all(OURS not in cases for _, _, cases, _ in gate.asked)


def test_a_step_that_only_a_ratio_shows_is_decided_by_the_case_itself() -> None:
    noise = np.exp(np.random.default_rng(5).normal(0, 0.05, 31))
    made = [*line(list(map(float, np.array(values(1.05)) * noise)), case=OURS, **FACTS)]
    made += line(list(map(float, np.array(values(1.0)) * noise)), case=EAGER, **FACTS)
    gate = ScriptedGate({(full(number), OURS): 1.05 if number >= 17 else 1.0 for number in range(31)})
    (one,) = confirmed(made, gate, baseline="eager")
    assert (one.kind, one.beside) == (Kind.CODE, EAGER)
    assert [set(cases) for _, _, cases, _ in gate.asked] == [{OURS, EAGER}]


def told(made: Sequence[HistoryRow], gate: Any) -> tuple[list[Alarm], list[str]]:
    """What there was to confirm, and what was said meanwhile."""
    said: list[str] = []
    open_ones = found(made, commits=known())
    Confirming(gate, Measuring(), said.append)(open_ones)
    return open_ones, said


def test_the_runs_to_come_are_told_before_the_first() -> None:
    (first, _), said = told([*rows(), *rows(case=EAGER)], ScriptedGate(levels(1.1)))
    report = f"report: {Measuring().results / 'gate' / 'run' / 'summary.md'}"
    assert said == [
        "1 run of the gate to confirm 2 alarms",
        f"[1/1] {first.old[:12]} against {first.new[:12]}: {first.case} and 1 more",
        report,
    ]
    on_two: dict[str, Any] = {"facts": '{"threads": 2}', "environment": "f" * 12}
    open_ones, said = told([*rows(), *rows(case=EAGER, **on_two)], ScriptedGate(levels(1.1)))
    assert said == [
        "2 runs of the gate to confirm 2 alarms",
        *(
            line
            for number, one in enumerate(open_ones, 1)
            for line in (f"[{number}/2] {one.old[:12]} against {one.new[:12]}: {one.case}", report)
        ),
    ]
    assert told(rows(1.0), ScriptedGate())[1] == []


def test_a_run_that_cannot_be_made_is_told() -> None:
    def broken(options: GateOptions, _: Rule) -> tuple[LiveRun, Any]:
        raise MachineError(f"no room for {options.cases[0]}")

    _, said = told(rows(), broken)
    assert said[2:] == [f"not measured: no room for {OURS}"]


def test_a_case_that_is_not_there_at_these_commits_stays_unconfirmed() -> None:
    def without(options: GateOptions, rule: Rule) -> tuple[LiveRun, Any]:
        run, folder = ScriptedGate(levels(1.1))(options, rule)
        return replace(run, judgements=[replace(one, benchmark=EAGER) for one in run.judgements]), folder

    (one,) = confirmed(rows(), without)
    assert (one.kind, one.found) == (Kind.UNCONFIRMED, None)
    assert one.evidence[0] == "the gate did not find the case at these commits"


def test_where_a_line_does_not_tell_its_processor_its_machine_is_known_by_name() -> None:
    (one,) = confirmed(rows(facts="{}"), ScriptedGate(levels(1.0)))
    assert one.kind is Kind.NOISE
    (one,) = confirmed(rows(facts="{}", machine="other@0a1b2c"), ScriptedGate(levels(1.0)))
    assert one.kind is Kind.UNCONFIRMED
    assert one.evidence[1] == f"that was on {platform.node()} ({CPU}); the line is of other (processor unknown)"
    (one,) = confirmed(rows(facts=f'{{"cpu": "{CPU}"}}'), ScriptedGate(levels(1.0)))
    assert one.kind is Kind.NOISE


def of_kind(kind: Kind, ratio: float = 1.1) -> list[HistoryRow]:
    """A step that came with another PyTorch, or with those of two controls, each of which speaks for the other."""
    made = rows(ratio)
    if kind is Kind.HARDWARE:
        controls = [OURS.replace("rowsum", name) for name in ("write", "read")]
        return [*made, *(row for control in controls for row in rows(ratio, control, operator="write"))]
    newer: dict[str, Any] = {
        "facts": f'{{"device_name": "{CPU}", "versions.torch": "2.14.0"}}',
        "environment": "f" * 12,
    }
    return [*made[:17], *(replace(row, **newer) for row in made[17:])]


def judged(kind: Kind, true: float, explained: bool) -> tuple[Alarm, int]:
    """The first alarm, and how often the gate was asked."""
    gate = replace(ScriptedGate(levels(true)), environment={"cpu": CPU})
    every = found(of_kind(kind), commits=known(), controls=("write",))
    one = Confirming(gate, Measuring(), lambda _: None, explained=explained)(every)[0]
    return one, len(gate.asked)


@pytest.mark.parametrize("kind", [Kind.ENVIRONMENT, Kind.HARDWARE])
def test_what_the_history_explains_is_measured_only_where_asked_and_code_that_hid_behind_it_is_found(
    kind: Kind,
) -> None:
    one, asked = judged(kind, 1.1, explained=False)
    assert (one.kind, asked, one.found) == (kind, 0, None)
    assert one.caveat.startswith("not measured again: ")
    one, asked = judged(kind, 1.1, explained=True)
    assert (one.kind, asked, one.caveat) == (Kind.CODE, 1, "")
    assert one.command.startswith("opbench gate --base ")
    assert one.evidence[0].startswith("the gate confirmed it: 1.1")
    one, asked = judged(kind, 1.0, explained=True)
    assert (one.kind, asked, one.caveat) == (kind, 1, "")
    assert one.evidence[0].startswith("the gate found old and new code to lie within 3 %")
    assert len(one.evidence) > 1
