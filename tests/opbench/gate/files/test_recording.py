"""A recording comes back as it was, and a replay draws its workers without using one twice."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opbench.errors import UsageError
from opbench.gate.decision.workers import InsufficientMemoryError
from opbench.gate.files.recording import Recording, load, record, save
from opbench.gate.files.replay import replay_workers
from opbench.gate.samples import SIDES, Slice, StageSamples

from ....gate.replaying import with_slower_head


def stage_samples(workers: int = 4, rounds: int = 3) -> StageSamples:
    slices = [
        Slice(worker, round_, 0, 0.0, 1, tuple(1e-4 * (1 + 0.01 * worker + 0.001 * i) for i in range(5)), 0.0, 0)
        for round_ in range(rounds)
        for worker in range(workers)
    ]
    return StageSamples("it", "screen", {number: SIDES[number % 2] for number in range(workers)}, slices)


def recording(workers: int = 44, rounds: int = 7) -> Recording:
    logs = np.arange(workers, dtype=float) + 100.0 * np.arange(rounds)[:, None]
    return Recording("it", logs, np.zeros(workers, dtype=bool), np.ones((rounds, workers, 1)), {"slice_s": 0.01})


def test_what_is_saved_is_read_back_within_half_a_step(tmp_path: Path) -> None:
    recorded = record(stage_samples(), 3, {"condition": "quiet"}, same_code=False)
    save([recorded, recorded], tmp_path / "recordings.npz")
    _, back = load(tmp_path / "recordings.npz")
    assert (back.benchmark, back.about) == ("it", {"condition": "quiet"})
    assert back.samples_s.shape == (3, 4, 3)
    np.testing.assert_allclose(np.log(back.samples_s), np.log(recorded.samples_s), atol=0.5e-4 + 1e-12)
    np.testing.assert_allclose(back.logs, recorded.logs, atol=0.5e-5 + 1e-12)
    np.testing.assert_array_equal(back.head, [False, True, False, True])


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.npz").write_text("{}")
    with pytest.raises(UsageError, match=r"no\.npz is no recording"):
        load(tmp_path / "no.npz")


@pytest.mark.parametrize(
    ("name", "damage", "said"),
    [
        ("about", lambda told: told | {"schema": 99}, "its schema is 99, this opbench reads"),
        ("about", lambda told: told | {"benchmark": 7}, "its benchmark has no name"),
        ("about", lambda told: told | {"about": []}, "nothing is said about it"),
        ("about", lambda told: told | {"middle_s": 0.0}, "one of its times is no number"),
        ("logs", lambda logs: logs[:, :3], "of no one recording"),
        ("head", lambda head: head.astype(int), "its sides are no truth values"),
        ("samples", lambda samples: samples[..., None], "its samples or turns are of another recording"),
        ("order", lambda order: order[:2], "its samples or turns are of another recording"),
    ],
)
def test_a_recording_whose_parts_do_not_fit_each_other_is_refused(
    name: str, damage: Callable[[Any], Any], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "recordings.npz"
    save([record(stage_samples(), 3, {}, same_code=False)], path)
    with np.load(path) as file:
        arrays = dict(file)
    key = f"0.{name}"
    told = json.loads(str(arrays[key])) if name == "about" else arrays[key]
    arrays[key] = np.array(json.dumps(damage(told))) if name == "about" else damage(told)
    np.savez(path, **arrays)
    with np.errstate(all="ignore"), pytest.raises(UsageError, match=f"is no recording of .*{said}"):
        load(path)


def test_a_recording_with_a_slower_head_is_slower_in_its_head_workers_only() -> None:
    recorded = record(stage_samples(), 5, {}, same_code=False)
    slower = with_slower_head(recorded, 1.05)
    ratio = np.exp(slower.logs - recorded.logs)[0]
    np.testing.assert_allclose(ratio, [1, 1.05, 1, 1.05])
    np.testing.assert_allclose(slower.samples_s[0, 1], 1.05 * recorded.samples_s[0, 1])


def test_workers_of_two_codes_never_change_sides() -> None:
    with pytest.raises(UsageError, match="two codes"):
        record(stage_samples(), 5, {}, same_code=False).with_random_sides(random.Random(1))


def test_screening_widening_and_confirming_share_no_worker() -> None:
    with_random_sides = recording().with_random_sides(random.Random(3))
    start = replay_workers({"it": with_random_sides}, random.Random(4))
    with start(5, "screen") as workers:
        screened = workers.measure("it", 1, "screen")
        workers.widen(8)
        widened = workers.measure("it", 1, "widen")
    with start(6, "confirm") as fresh:
        confirmed = fresh.measure("it", 1, "confirm")
    names = [set(map(int, rounds.logs[0] % 100)) for rounds in (screened, widened, confirmed)]
    assert [len(workers) for workers in names] == [10, 16, 12]
    assert names[0] < names[1]
    assert not names[1] & names[2]
    for rounds in (screened, widened, confirmed):
        assert rounds.head.sum() * 2 == len(rounds.head)


def test_rounds_follow_each_other_and_begin_again() -> None:
    with replay_workers({"it": recording().with_random_sides(random.Random(3))}, random.Random(4))(
        5, "screen"
    ) as workers:
        rows = np.concatenate([workers.measure("it", 4, "screen").logs[:, 0] // 100 for _ in range(3)])
    assert set(np.diff(rows) % 7) == {1}


def test_more_workers_than_were_recorded_are_refused() -> None:
    start = replay_workers({"it": recording().with_random_sides(random.Random(3))}, random.Random(4))
    with pytest.raises(InsufficientMemoryError, match="22 workers a side left"), start(23, "screen"):
        pass
