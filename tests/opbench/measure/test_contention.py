"""Who else uses the machine, from counters that are written here: what is said, what is not, and what is unknown."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from opbench.measure.contention import TICK_S, Machine, Use, disturbance

PER_S = round(1 / TICK_S)


@dataclass
class Counters:
    """A /proc of two processors; `own_s` and `now_s` are this process's."""

    folder: Path
    own_s: float = 0.0
    now_s: float = 100.0
    cpus: frozenset[int] = frozenset({0, 1})
    ticks: dict[int, list[int]] = field(default_factory=lambda: {0: [0] * 10, 1: [0] * 10, 2: [0] * 10})

    def machine(self) -> Machine:
        return Machine(self.folder, self.folder, self.cpus, lambda: self.own_s, lambda: self.now_s)

    def use(self) -> Use | None:
        lines = [f"cpu{number} {' '.join(map(str, ticks))}" for number, ticks in self.ticks.items()]
        (self.folder / "stat").write_text("\n".join(["cpu 9 9 9 9 9 9 9 9 9 9", *lines, "intr 5"]) + "\n")
        return self.machine().use()


@pytest.fixture
def counters(tmp_path: Path) -> Counters:
    return Counters(tmp_path)


USER, NICE, SYSTEM, IDLE, WAITING, IRQ, SOFT, STEAL, GUEST = range(9)


@pytest.mark.parametrize("kind", [USER, NICE, SYSTEM, IRQ, SOFT, STEAL])
def test_processor_time_of_others_is_said(counters: Counters, kind: int) -> None:
    before = counters.use()
    counters.now_s += 1
    counters.ticks[1][kind] += PER_S // 2
    assert disturbance(before, counters.use(), 2) == "others used 0.50 of 2 cores"


@pytest.mark.parametrize("kind", [IDLE, WAITING, GUEST])
def test_idle_time_and_what_is_counted_twice_are_not(counters: Counters, kind: int) -> None:
    before = counters.use()
    counters.now_s += 1
    counters.ticks[1][kind] += PER_S
    assert disturbance(before, counters.use(), 2) == ""


def test_our_own_time_and_processors_that_we_may_not_use_do_not_count(counters: Counters) -> None:
    before = counters.use()
    counters.now_s += 1
    counters.own_s += 2
    counters.ticks[0][USER] += PER_S
    counters.ticks[1][USER] += PER_S
    counters.ticks[2][USER] += PER_S
    assert disturbance(before, counters.use(), 2) == ""


@pytest.mark.parametrize(
    ("cpus", "cores", "said"),
    [(1, 0.09, False), (2, 0.09, False), (2, 0.11, True), (2, 0.97, True), (128, 6.3, False), (128, 6.5, True)],
)
def test_a_tenth_of_a_core_is_said_and_on_many_processors_one_in_twenty(
    counters: Counters, cpus: int, cores: float, said: bool
) -> None:
    before = counters.use()
    counters.now_s += 1
    counters.ticks[0][USER] += round(cores * PER_S)
    told = f"others used {cores:.2f} of {cpus} cores"
    assert disturbance(before, counters.use(), cpus) == (told if said else "")


def test_a_tick_or_two_say_nothing_of_a_short_measurement(counters: Counters) -> None:
    before = counters.use()
    counters.now_s += 4 * TICK_S
    counters.ticks[0][USER] += 4
    assert disturbance(before, counters.use(), 2) == ""


def test_a_control_group_out_of_its_quota_is_said(counters: Counters) -> None:
    (counters.folder / "cpu.stat").write_text("usage_usec 5\nthrottled_usec 1000000\n")
    before = counters.use()
    counters.now_s += 2
    (counters.folder / "cpu.stat").write_text("usage_usec 9\nthrottled_usec 1500000\n")
    said = "the control group was out of its quota for 25% of the time"
    assert disturbance(before, counters.use(), 2) == said


@pytest.mark.parametrize(("share", "said"), [(0.0, ""), (0.005, ""), (0.02, "2%"), (1.0, "100%")])
def test_to_be_out_of_quota_for_a_hundredth_of_the_time_is_nothing(counters: Counters, share: float, said: str) -> None:
    (counters.folder / "cpu.stat").write_text("throttled_usec 0\n")
    before = counters.use()
    counters.now_s += 10
    (counters.folder / "cpu.stat").write_text(f"throttled_usec {round(10e6 * share)}\n")
    told = f"the control group was out of its quota for {said} of the time"
    assert disturbance(before, counters.use(), 2) == (told if said else "")


def test_where_the_system_does_not_say_nothing_is_said(counters: Counters) -> None:
    assert counters.machine().use() is None
    known = counters.use()
    assert disturbance(None, known, 2) == disturbance(known, None, 2) == disturbance(known, known, 2) == ""


def process(folder: Path, number: int, name: str, used_s: float, parent: int = 1) -> None:
    (folder / str(number)).mkdir(exist_ok=True)
    fields = ["S", str(parent), *["0"] * 9, str(round(used_s * PER_S)), "0", *["0"] * 30]
    (folder / str(number) / "stat").write_text(f"{number} ({name}) {' '.join(fields)}\n")


def test_the_greediest_processes_are_named_whatever_they_are_called(counters: Counters) -> None:
    def while_sleeping(seconds: float) -> None:
        assert seconds == 0.5
        process(counters.folder, 7, "a) b (c", 1.5)
        process(counters.folder, 9, "quiet", 3.01)
        process(counters.folder, 11, "brief", 9)

    process(counters.folder, 7, "a) b (c", 1)
    process(counters.folder, 9, "quiet", 3)
    (counters.folder / "13").mkdir()
    assert counters.machine().busiest(0.5, while_sleeping) == ["a) b (c (process 7, 1 cores)"]


def test_three_are_named_and_the_greediest_first(counters: Counters) -> None:
    def write(used_s: float) -> None:
        for number, share in enumerate((0.25, 1.0, 0.5, 0.75), 7):
            process(counters.folder, number, f"p{number}", used_s * share)

    write(0)
    named = counters.machine().busiest(1.0, lambda _: write(1))
    assert named == ["p8 (process 8, 1 cores)", "p10 (process 10, 0.75 cores)", "p9 (process 9, 0.5 cores)"]


def test_a_parent_and_its_children_are_not_named(counters: Counters) -> None:
    def write(used_s: float) -> None:
        process(counters.folder, 7, "parent", used_s)
        process(counters.folder, 9, "rival", used_s, parent=7)
        process(counters.folder, 11, "grandchild", used_s, parent=9)

    write(1)
    assert counters.machine().busiest(0.5, lambda _: write(2), family=7) == ["grandchild (process 11, 2 cores)"]
