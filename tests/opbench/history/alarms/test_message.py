"""Alarms for machines and for people: everything is named, and no text of theirs acts as markup."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opbench.commands.history import alarms as command
from opbench.commands.history.alarms import AlarmOptions, exit_code
from opbench.errors import UsageError
from opbench.history.alarms.alarm import Alarm, Kind
from opbench.history.alarms.markdown import MEANINGS, markdown
from opbench.history.alarms.message import as_json, headline, line
from opbench.history.files import SUFFIX

from ..builders import history
from ..builders import line as rows
from ..scripted_gate import ScriptedGate
from .test_found import EAGER, OURS, found, known, values


@pytest.fixture(scope="module")
def alarm() -> Alarm:
    (one,) = found(rows(values(), case=OURS), commits=known())
    return one


def test_json_names_case_size_commits_evidence_and_the_command(alarm: Alarm) -> None:
    told = json.loads(json.dumps(as_json(alarm), allow_nan=False))
    assert (told["case"], told["machine"], told["class"], told["change"]) == (
        OURS,
        "ci@0a1b2c",
        "unconfirmed",
        "slower",
    )
    assert told["low"] < told["ratio"] < told["high"]
    assert told["ratio"] == pytest.approx(1.1, rel=0.01)
    assert told["commits"] == dict(zip(("before", "first", "last"), alarm.commits, strict=True))
    assert told["evidence"] == list(alarm.evidence)
    assert told["command"] == alarm.command
    assert told["bisect"] == f"opbench bisect {OURS} --good {alarm.old} --bad {alarm.new}"
    assert told["found"] is None
    assert (told["measured_again"], told["caveat"]) == (False, None)


def test_a_headline_has_its_smaller_end_first_whichever_way_it_went(alarm: Alarm) -> None:
    (faster,) = found(rows(values(0.8), case=OURS))
    for one, word in ((alarm, "slower"), (faster, "faster")):
        way, _, size, *_, low, _, high = headline(one).replace("(", "").replace(")", "").split()
        assert way == word
        assert float(low) <= float(size) <= float(high)
    assert as_json(faster)["bisect"] is None


def test_every_class_has_its_words_and_what_nobody_has_to_act_on_is_folded(alarm: Alarm) -> None:
    assert set(MEANINGS) == set(Kind)
    text = markdown([replace(alarm, kind=kind) for kind in Kind], ["a file | was torn"])
    assert text.startswith("## 6 alarms: 1 code, 1 unconfirmed, 1 baseline, 1 environment, 1 hardware, 1 noise\n")
    loud, _, _ = text.partition("<details>")
    assert [kind for kind in Kind if f"1 {kind}: " in loud.replace("## 6 alarms", "")] == [Kind.CODE, Kind.UNCONFIRMED]
    assert text.count("<details>") == text.count("</details>") == 4
    assert text.index("### 1 code") < text.index("### 1 unconfirmed")
    assert text.count(alarm.command) == len(Kind)
    assert r"a file \| was torn" in text
    assert markdown([]) == "## No alarm\n"


def test_what_the_history_alone_explains_says_that_it_was_not_measured(alarm: Alarm) -> None:
    for kind in (Kind.ENVIRONMENT, Kind.HARDWARE):
        for told, said in (
            (replace(alarm, kind=kind), "the command measures old and new code, which are alike"),
            (replace(alarm, kind=kind, in_both=True), "the code of today in both environments"),
            (replace(alarm, kind=kind, command=""), "a change of the code at the same commits would hide"),
        ):
            assert told.caveat.startswith("not measured again: ")
            assert said in told.caveat
            assert told.caveat in line(told)
            assert f"- {told.caveat}" in markdown([told])
            assert as_json(told)["caveat"] == told.caveat
    for kind in set(Kind) - {Kind.ENVIRONMENT, Kind.HARDWARE}:
        assert replace(alarm, kind=kind).caveat == ""


def test_names_and_evidence_are_text_and_no_markup(alarm: Alarm) -> None:
    evil = replace(alarm, evidence=("<img src=x> *x*",), series=replace(alarm.series, case="a`b</details>"))
    text = markdown([evil])
    assert r"\<img src=x\> \*x\*" in text
    assert "`` a`b</details> ``" in text
    assert "it cannot be measured again: no \\*" in markdown([replace(alarm, not_measured="no *")])
    assert "no *" in line(replace(alarm, not_measured="no *"))


def told(capsys: pytest.CaptureFixture[str], folder: Path, **asked: Any) -> tuple[int, str, str]:
    code = command.run(AlarmOptions(folder, **asked))
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_command_prints_lines_json_or_markdown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = history(tmp_path / "history", [*rows(values(), case=OURS), *rows(values(1.0), case=EAGER)])
    code, out, _ = told(capsys, kept)
    assert code == 0
    first, again, last = out.splitlines()
    assert first.startswith("unconfirmed: slower by 10.")
    assert again.startswith("    opbench gate --base ")
    assert last == "1 alarm"
    code, out, _ = told(capsys, kept, as_json=True)
    assert [json.loads(one)["case"] for one in out.splitlines()] == [OURS]
    code, out, _ = told(capsys, kept, markdown=True)
    assert out.startswith("## 1 alarm: 1 unconfirmed\n")
    assert told(capsys, kept, newest=3)[:2] == (0, "0 alarms\n")
    with pytest.raises(UsageError, match="no control 'write'"):
        told(capsys, kept, controls=("write",))


def test_a_torn_file_is_named_and_is_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = history(tmp_path / "history", rows(values(), case=OURS))
    (kept / f"torn{SUFFIX}").write_bytes(b"")
    code, out, err = told(capsys, kept, markdown=True)
    assert code == 1
    assert "torn" in err
    assert "damaged or half-written" in out


def test_confirmed_slower_code_is_1_what_stays_open_3_and_all_else_0(alarm: Alarm) -> None:
    (faster,) = found(rows(values(0.8), case=OURS))
    for told_, asked, code in (
        ([replace(alarm, kind=Kind.CODE)], True, 1),
        ([replace(faster, kind=Kind.CODE)], True, 0),
        ([alarm], True, 3),
        ([alarm], False, 0),
        ([replace(alarm, kind=Kind.NOISE), replace(alarm, kind=Kind.HARDWARE)], True, 0),
        ([alarm, replace(alarm, kind=Kind.CODE)], True, 1),
        ([], True, 0),
    ):
        assert exit_code(told_, asked=asked) == code


def test_confirming_asks_the_gate_of_the_repository(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = ScriptedGate()
    monkeypatch.setattr(command, "of_repository", lambda _: known())
    monkeypatch.setattr(command, "top_level", lambda _: tmp_path)
    monkeypatch.setattr(command, "is_ancestor", lambda *_, **__: True)
    monkeypatch.setattr(command, "gate_of", lambda *_: gate)
    kept = history(tmp_path / "history", rows(values(), case=OURS))
    code, out, err = told(capsys, kept, confirm=True, as_json=True, machine="ci")
    assert (code, json.loads(out)["class"]) == (0, "noise")
    assert json.loads(out)["found"]["ratio"] == pytest.approx(1.0)
    assert "1 run of the gate to confirm 1 alarm\n" in err
    with pytest.raises(UsageError, match="--all says what --confirm measures"):
        told(capsys, kept, explained=True)
