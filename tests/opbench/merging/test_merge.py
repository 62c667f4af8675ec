"""A merge is what a run of the whole would have been, whatever the order, and nothing is lost, doubled or guessed."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from opbench.errors import UsageError
from opbench.merging.cells import natural
from opbench.merging.merge import Merged, merge
from opbench.planning import plan_file
from opbench.planning.request import Request
from opbench.planning.shard import Shard
from opbench.store import runs, simulated_counts
from opbench.store.codec import to_line
from opbench.store.runs import Run
from opbench.vocabulary.case import Case
from opbench.vocabulary.record import Contended, Failed, Outcome
from tests.answering import Answering, figure
from tests.counts import count

from .shard_runs import CASES, REQUEST, keys, shard_run, without_lines

THIRDS = ("1/3", "2/3", "3/3")


def files(run: Run) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.folder.iterdir()}


def moved(folder: Path, run: Run) -> Run:
    shutil.copytree(run.folder, folder / run.folder.parent.name / run.folder.name)
    return Run(folder / run.folder.parent.name / run.folder.name)


def test_merged_shards_are_what_one_run_of_all_is(tmp_path: Path) -> None:
    whole = shard_run(tmp_path / "whole")
    shards = [shard_run(tmp_path / "shards", text) for text in THIRDS]
    merged = merge(shards, tmp_path / "results")
    found = {record.case.key: record for record in merged.run.records()}
    expected = {record.case.key: record for record in whole.records()}
    assert len(keys(merged.run)) == len(found) == CASES
    assert {key: record.outcome for key, record in found.items()} == {
        key: record.outcome for key, record in expected.items()
    }
    assert (merged.cells, merged.kinds, merged.missing) == (CASES, 1, ())
    assert runs.latest_run(tmp_path / "results", "channels").folder == merged.run.folder


def test_the_order_of_runs_changes_no_byte(tmp_path: Path) -> None:
    shards = [shard_run(tmp_path / "shards", text) for text in THIRDS]
    shards.append(shard_run(tmp_path / "other", process=Answering("Babbage")))
    simulated_counts.add(shards[0], [count(channels=3)])
    simulated_counts.add(shards[2], [count(channels=5)])
    written = [files(merge(order, tmp_path / "results").run) for order in itertools.permutations(shards)]
    assert {"records.jsonl", "plan.json", "simulated_counts.jsonl"} == written[0].keys()
    assert all(one == written[0] for one in written[1:])


def test_axes_stand_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    merged = merge([shard_run(tmp_path / "shards", text) for text in ("1/2", "2/2")], tmp_path / "results")
    channels = [record.case.point.axes["channels"] for record in merged.run.records()]
    assert channels[:2] + channels[-2:] == [3, 3, 128, 128]
    assert natural("a8b") < natural("a16a") < natural("a16b") < natural("b1")


def test_a_merge_can_be_merged_again_and_stays_what_it_is(tmp_path: Path) -> None:
    first, second, third = (shard_run(tmp_path / "shards", text) for text in THIRDS)
    once = merge([first, second, third], tmp_path / "once").run
    half = merge([first, third], tmp_path / "half", partial=True).run
    assert files(merge([half, second], tmp_path / "twice").run) == files(once)
    assert files(merge([once], tmp_path / "again").run) == files(once)


@pytest.mark.parametrize("lost", THIRDS)
def test_a_missing_shard_is_named_with_its_cases_and_left_out_only_when_told(lost: str, tmp_path: Path) -> None:
    all_shards = {text: shard_run(tmp_path / "shards", text) for text in THIRDS}
    there = [run for text, run in all_shards.items() if text != lost]
    own = keys(all_shards[lost])
    with pytest.raises(UsageError) as caught:
        merge(there, tmp_path / "results")
    said = str(caught.value)
    assert said.startswith(f"shard {lost} of channels is missing: {len(own)} cases, {own[0]}, ")
    assert said.endswith("merge what there is by --partial")
    assert not (tmp_path / "results").exists()
    merged = merge(there, tmp_path / "results", partial=True)
    assert sorted(keys(merged.run)) == sorted(key for run in there for key in keys(run))
    assert [one.keys for one in merged.missing] == [tuple(own)]
    plan = plan_file.read(merged.run)
    assert plan is not None
    assert plan.merged
    assert [str(part.shard) for part in plan.parts] == [text for text in THIRDS if text != lost]


def test_of_many_missing_shards_the_first_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^shard 2/8 .*; shard 4/8 [^;]*; and 4 more shards; measure the rest"):
        merge([shard_run(tmp_path, "1/8")], tmp_path / "results")


def test_a_shard_that_was_broken_off_is_not_complete(tmp_path: Path) -> None:
    shards = [shard_run(tmp_path / "shards", text) for text in THIRDS]
    lost = keys(shards[1])[-1]
    without_lines(shards[1], f'"backend":"{lost.rpartition("/")[2]}","replica":0')
    with pytest.raises(UsageError, match=r"^shard 2/3 of channels is not complete: \d cases?, "):
        merge(shards, tmp_path / "results")
    (missing,) = merge(shards, tmp_path / "results", partial=True).missing
    assert lost in missing.keys
    assert missing.present


def test_shards_of_different_cuts_do_not_make_a_whole(tmp_path: Path) -> None:
    shards = [shard_run(tmp_path / "shards", text) for text in ("1/2", "1/3", "2/3")]
    with pytest.raises(UsageError, match=r"shard 2/2 of channels is missing.*shard 3/3 of channels is missing"):
        merge(shards, tmp_path / "results")


def test_what_cannot_be_planned_here_is_said_so_and_not_guessed(tmp_path: Path) -> None:
    one = shard_run(tmp_path / "shards", "1/2")
    plan = plan_file.read(one)
    assert plan is not None
    (part,) = plan.parts
    replace(plan, parts=(replace(part, request=replace(part.request, sweep="another")),)).write(one)
    with pytest.raises(UsageError, match=r"^shard 2/2 of another is missing: its cases cannot be named here, no sweep"):
        merge([one], tmp_path / "results")
    replace(plan, parts=(replace(part, plan="0" * 16),)).write(one)
    with pytest.raises(UsageError, match="where opbench plans the sweep otherwise"):
        merge([one], tmp_path / "results")


def test_what_a_plan_names_is_not_run_by_a_merge(tmp_path: Path) -> None:
    """A plan comes with its run, from whoever measured it."""
    one = shard_run(tmp_path, "1/3")
    plan = plan_file.read(one)
    assert plan is not None
    (part,) = plan.parts
    theirs = tmp_path / "theirs.py"
    theirs.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    replace(plan, parts=(replace(part, request=replace(part.request, sweep=str(theirs))),)).write(one)
    merged = merge([one], tmp_path / "results", partial=True)
    assert not (tmp_path / "ran").exists()
    assert merged.run.folder.parent == tmp_path / "results" / "theirs"
    assert all("merging does not run" in str(lacking) for lacking in merged.missing)
    assert len(merged.missing) == 2


def test_the_missing_of_very_many_shards_are_told_at_once(tmp_path: Path) -> None:
    one = shard_run(tmp_path, "1/3")
    plan = plan_file.read(one)
    assert plan is not None
    (part,) = plan.parts
    replace(plan, parts=(replace(part, shard=Shard(1, 9973)),)).write(one)
    merged = merge([one], tmp_path / "results", partial=True)
    assert len(merged.missing) == 9972


def test_the_same_shard_twice_with_the_same_records_is_one(tmp_path: Path) -> None:
    shards = [shard_run(tmp_path / "shards", text) for text in ("1/2", "2/2")]
    plain = files(merge(shards, tmp_path / "plain").run)
    part = moved(tmp_path / "copy", shards[0])
    without_lines(part, '"channels":3')
    for more in ([moved(tmp_path / "all", shards[0])], [part], [*shards, part]):
        assert files(merge([*shards, *more], tmp_path / "results").run) == plain
    assert files(merge([shards[1], moved(tmp_path / "aside", shards[0])], tmp_path / "moved").run) == plain


def slower(case: Case, device: str) -> Outcome:
    found = figure(case, device)
    return replace(found, samples_s=tuple(2 * one for one in found.samples_s))


@pytest.mark.parametrize("answer", [slower, lambda *_: Failed("check", "RuntimeError")])
def test_the_same_shard_twice_with_other_results_is_refused_naming_both_lines(
    answer: Callable[[Case, str], Outcome], tmp_path: Path
) -> None:
    shards = [shard_run(tmp_path / "a", "1/2"), shard_run(tmp_path / "a", "2/2")]
    other = shard_run(tmp_path / "b", "2/2", Answering(answer=answer))
    said = set()
    for order in itertools.permutations([*shards, other]):
        with pytest.raises(UsageError) as caught:
            merge(order, tmp_path / "results", partial=True)
        said.add(str(caught.value))
    (line,) = said
    assert line.startswith(f"{shards[1].records_file}:2 and {other.records_file}:2 contradict each other: ")
    assert not (tmp_path / "results").exists()


def test_the_same_cases_in_another_environment_stand_beside_each_other(tmp_path: Path) -> None:
    here = shard_run(tmp_path / "here", process=Answering("Abacus", load_average=0.1))
    there = shard_run(tmp_path / "there", process=Answering("Babbage", load_average=0.9))
    merged = merge([here, there], tmp_path / "results")
    assert (merged.cells, merged.kinds) == (2 * CASES, 2)
    assert sorted(map(to_line, merged.run.records())) == sorted(map(to_line, [*here.records(), *there.records()]))
    apart = list(merged.run.listed().told_apart(merged=True))
    assert {record.case.point.device for record in apart} == {"cpu (Abacus, 2 threads)", "cpu (Babbage, 2 threads)"}
    assert len({record.case.key for record in apart}) == 2 * CASES


def test_a_load_that_moves_makes_no_other_environment(tmp_path: Path) -> None:
    here = shard_run(tmp_path / "here", process=Answering(load_average=0.1))
    there = shard_run(tmp_path / "there", process=Answering(load_average=0.9))
    with pytest.raises(UsageError, match="contradict each other"):
        merge([here, there], tmp_path / "results")


def test_a_contended_case_gives_way_to_its_later_record_and_neither_is_lost(tmp_path: Path) -> None:
    busy = shard_run(tmp_path / "busy", process=Answering(answer=lambda *_: Contended("make")))
    quiet = shard_run(tmp_path / "quiet")
    merged = merge([busy, quiet], tmp_path / "results")
    assert merged.cells == 2 * CASES
    assert [record.outcome for record in merged.run.records()] == [
        figure(record.case, "Abacus") for record in merged.run.records()
    ]
    assert len(merged.run.records()) == CASES
    assert merged.run.records_file.read_text().count('"kind":"contended"') == CASES


def test_runs_of_before_have_no_plan_and_are_merged_as_they_are(tmp_path: Path) -> None:
    old = shard_run(tmp_path / "old")
    (old.folder / plan_file.FILE).unlink()
    (old.folder / "worker.log").unlink()
    assert sorted(keys(merge([old], tmp_path / "results").run)) == sorted(keys(old))


def test_runs_of_two_sweeps_are_refused(tmp_path: Path) -> None:
    one = shard_run(tmp_path)
    other = shard_run(tmp_path, request=Request("batch", "cpu", "wall", 0.1, by=replace(REQUEST.by, axes={})))
    with pytest.raises(UsageError, match=r"^these are runs of 2 sweeps \(batch in \S+/1of1, channels in \S+/1of1\)"):
        merge([one, other], tmp_path / "results")


def test_a_line_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    run = shard_run(tmp_path)
    with run.records_file.open("a") as file:
        file.write('{"schema":2,"case":')
    with pytest.raises(UsageError, match=rf"records\.jsonl:{CASES + 2}: not a complete record"):
        merge([run], tmp_path / "results")
    run.records_file.unlink()
    with pytest.raises(UsageError, match=r"cannot read .*records\.jsonl"):
        merge([run], tmp_path / "results")


def test_counts_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    one, other = shard_run(tmp_path / "a", "1/2"), shard_run(tmp_path / "b", "2/2")
    simulated_counts.add(one, [count(channels=3)])
    simulated_counts.add(other, [replace(count(channels=3), registers=None)])
    with pytest.raises(UsageError, match=r"simulated_counts\.jsonl contradicts another run's"):
        merge([one, other], tmp_path / "results")


def test_a_merge_that_is_broken_off_is_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = shard_run(tmp_path)

    def broken_off(*_: object) -> Merged:
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "write_chunks", broken_off)
    with pytest.raises(KeyboardInterrupt):
        merge([run], tmp_path / "results")
    with pytest.raises(UsageError, match="no run of 'channels'"):
        runs.latest_run(tmp_path / "results", "channels")
