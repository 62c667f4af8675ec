"""What a backend has to do to pass: be right twice, on inputs it has not seen, write its output and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
import torch

from opbench.errors import UsageError
from opbench.measure import point_checker as checker
from opbench.measure.point_checker import BLOCK_BYTES, FEWEST_BLOCKS, MOST_BLOCKS, Candidate, Checker, Verify
from opbench.vocabulary.case import Axes, Point
from opbench.vocabulary.operator import Tolerance
from opbench.vocabulary.record import Check

from ...cheats.liar.operator import OPERATOR

SIZE = 7
FORWARD, OUT = (Point("liar", Axes({"size": SIZE}), mode=mode) for mode in ("forward", "out"))

Inputs = dict[str, torch.Tensor]
Make = Callable[[Inputs], Candidate]


def honest(inputs: Inputs) -> Candidate:
    return Candidate(lambda: 2 * inputs["x"] + inputs["offset"], None)


def into(out: torch.Tensor) -> Make:
    return lambda inputs: Candidate(lambda: torch.add(2 * inputs["x"], inputs["offset"], out=out), out)


def checked(
    makers: Mapping[str, Make], point: Point = FORWARD
) -> tuple[set[str], dict[str, list[Check | None]], Inputs]:
    """Who passed, every Check by label in the order made (None where the launch raised), and the inputs afterwards."""
    inputs = dict(OPERATOR.inputs(point))
    candidates = {label: make(inputs) for label, make in makers.items()}
    seen: dict[str, list[Check | None]] = {label: [] for label in makers}

    def verify(label: str, check_one: Verify) -> Check | None:
        try:
            found = check_one(candidates[label])
        except RuntimeError:
            found = None
        seen[label].append(found)
        return found

    return Checker(OPERATOR, point, inputs).run(candidates, verify), seen, inputs


def details(found: list[Check | None]) -> list[str]:
    return [one.detail for one in found if one is not None]


def test_the_right_result_passes_twice_and_the_inputs_are_as_they_were() -> None:
    passed, seen, inputs = checked({"honest": honest, "again": honest})
    assert passed == {"honest", "again"}
    assert [[one.passed for one in found if one] for found in seen.values()] == [[True, True]] * 2
    for name, value in OPERATOR.inputs(FORWARD).items():
        assert torch.equal(inputs[name], value)


def test_the_second_time_the_first_input_holds_other_values_and_no_other_does() -> None:
    took: list[Inputs] = []

    def watching(inputs: Inputs) -> Candidate:
        def launch() -> torch.Tensor:
            took.append({name: value.clone() for name, value in inputs.items()})
            return 2 * inputs["x"] + inputs["offset"]

        return Candidate(launch, None)

    assert checked({"watching": watching})[0] == {"watching"}
    first, second = took
    assert not torch.equal(second["x"], first["x"])
    assert torch.equal(second["offset"], first["offset"])


def test_an_earlier_result_does_not_pass_a_second_time() -> None:
    def keeps(inputs: Inputs) -> Candidate:
        result = 2 * inputs["x"] + inputs["offset"]
        return Candidate(lambda: result, None)

    passed, seen, _ = checked({"keeps": keeps, "honest": honest})
    assert passed == {"honest"}
    first, *_, last = details(seen["keeps"])
    assert first == ""
    assert last.startswith("after its input was changed: first at (0,): got 5, expected ")


def test_one_that_fails_is_not_asked_again() -> None:
    passed, seen, _ = checked({"zeros": lambda _: Candidate(lambda: torch.zeros(SIZE), None), "honest": honest})
    assert passed == {"honest"}
    assert [len(seen[label]) for label in ("zeros", "honest")] == [1, 2]
    assert not details(seen["zeros"])[0].startswith("after")


@pytest.mark.parametrize("first", [True, False])
def test_one_that_raises_leaves_the_others_inputs_alone(first: bool) -> None:
    def breaks(inputs: Inputs) -> Candidate:
        def launch() -> torch.Tensor:
            inputs["x"].fill_(9)
            raise RuntimeError("out of memory")

        return Candidate(launch, None)

    names = {"a": breaks, "b": honest} if first else {"a": honest, "b": breaks}
    passed, seen, inputs = checked(names)
    assert passed == {"b" if first else "a"}
    assert seen["a" if first else "b"] == [None]
    assert torch.equal(inputs["x"], OPERATOR.inputs(FORWARD)["x"])


@pytest.mark.parametrize("name", ["x", "offset"])
def test_a_changed_input_is_named_though_the_result_is_right_and_is_put_back(name: str) -> None:
    def changes(inputs: Inputs) -> Candidate:
        def launch() -> torch.Tensor:
            result = 2 * inputs["x"] + inputs["offset"]
            inputs[name].add_(1)
            return result

        return Candidate(launch, None)

    passed, seen, inputs = checked({"changes": changes, "honest": honest})
    assert passed == {"honest"}
    (found,) = seen["changes"]
    assert found is not None
    assert (found.passed, found.misses, found.detail) == (False, 1, f"changed its input {name}")
    assert torch.equal(inputs[name], OPERATOR.inputs(FORWARD)[name])


def test_a_changed_input_does_not_make_misses_fewer() -> None:
    def changes(inputs: Inputs) -> Candidate:
        def launch() -> torch.Tensor:
            inputs["x"].zero_()
            return torch.zeros(SIZE)

        return Candidate(launch, None)

    (found,) = checked({"changes": changes})[1]["changes"]
    assert found is not None
    assert (found.misses, found.detail) == (SIZE, "changed its input x")


def test_in_mode_out_it_is_the_given_tensor_that_is_looked_at() -> None:
    right, untouched = torch.empty(SIZE), torch.empty(SIZE)

    def elsewhere(inputs: Inputs) -> Candidate:
        return Candidate(lambda: 2 * inputs["x"] + inputs["offset"], untouched)

    passed, seen, _ = checked({"right": into(right), "elsewhere": elsewhere}, OUT)
    assert passed == {"right"}
    assert details(seen["elsewhere"])[0].startswith("first at (0,): got nan")


def test_what_was_right_before_is_gone_before_the_next_call() -> None:
    """The output of the first call would be right in the second one, had it not been poisoned."""
    out, calls = torch.empty(SIZE), []

    def once(inputs: Inputs) -> Candidate:
        def launch() -> torch.Tensor:
            calls.append(1)
            return out if len(calls) > 1 else torch.add(2 * inputs["x"], inputs["offset"], out=out)

        return Candidate(launch, out)

    assert checked({"once": once}, OUT)[0] == set()
    assert out.isnan().all()


def test_a_new_output_is_of_the_points_dtype_and_nothing_in_it_is_finite() -> None:
    inputs = dict(OPERATOR.inputs(OUT))
    out = Checker(OPERATOR, Point("liar", OUT.axes, "float16", mode="out"), inputs).new_output()
    assert (out.shape, out.dtype, out.device.type) == ((SIZE,), torch.float16, "cpu")
    assert out.isnan().all()
    elsewhere = Checker(OPERATOR, Point("liar", OUT.axes, device="meta", mode="out"), inputs).new_output()
    assert (elsewhere.shape, elsewhere.device.type) == ((SIZE,), "meta")


@pytest.mark.parametrize(
    ("elements", "blocks"),
    [
        (0, MOST_BLOCKS),
        (1, MOST_BLOCKS),
        (BLOCK_BYTES // 2 // MOST_BLOCKS, MOST_BLOCKS),
        (BLOCK_BYTES // 2 // 3, 3),
        (BLOCK_BYTES // 2, FEWEST_BLOCKS),
        (BLOCK_BYTES, FEWEST_BLOCKS),
    ],
)
def test_free_memory_is_poisoned_in_as_many_blocks_at_a_time_as_the_bytes_hold(
    elements: int, blocks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the device `meta`, which has no memory."""
    alive: list[torch.Tensor] = []

    def watching(out: torch.Tensor) -> torch.Tensor:
        alive.append(out)
        return out

    monkeypatch.setattr(checker, "poison", watching)
    checker.poison_free_memory(elements, torch.bfloat16, "meta")
    assert len(alive) == blocks
    assert {(one.shape, one.dtype, one.device.type) for one in alive} == {((elements,), torch.bfloat16, "meta")}


def test_an_input_that_is_not_a_number_is_no_change() -> None:
    inputs = {"x": torch.tensor([1.0, math.nan, 3.0]), "offset": torch.tensor(3.0)}
    found: list[Check] = []

    def verify(_: str, check_one: Verify) -> Check:
        found.append(check_one(honest(inputs)))
        return found[-1]

    point = Point("liar", Axes({"size": 3}))
    assert Checker(OPERATOR, point, inputs).run({"honest": honest(inputs)}, verify) == {"honest"}
    assert [one.passed for one in found] == [True, True]


@pytest.mark.parametrize(("times", "passes"), [(0.9, True), (1.1, False)])
def test_an_absolute_tolerance_is_one_of_the_references_own_size(times: float, passes: bool) -> None:
    """Of both comparisons: halved, the reference is smaller and the same error larger than it may be."""
    share = 1e-3
    operator = replace(OPERATOR, tolerances={"float32": Tolerance(rtol=0.0, atol=share)})
    inputs = dict(OPERATOR.inputs(FORWARD))
    errors: list[float] = []

    def launch() -> torch.Tensor:
        want = 2 * inputs["x"] + inputs["offset"]
        errors.append(times * share * float(want.double().square().mean().sqrt()))
        want[3] += errors[-1]
        return want

    candidate = Candidate(launch, None)
    passed = Checker(operator, FORWARD, inputs).run({"off": candidate}, lambda _, check_one: check_one(candidate))
    assert passed == ({"off"} if passes else set())
    assert len(errors) == (2 if passes else 1)


def counting(change: Callable[[Inputs, int], torch.Tensor]) -> Make:
    """A launch that is told which call it is, from 1."""

    def make(inputs: Inputs) -> Candidate:
        calls: list[int] = []

        def launch() -> torch.Tensor:
            calls.append(1)
            return change(inputs, len(calls))

        return Candidate(launch, None)

    return make


def test_an_input_may_not_be_changed_the_second_time_either() -> None:
    def changes(inputs: Inputs, call: int) -> torch.Tensor:
        result = 2 * inputs["x"] + inputs["offset"]
        inputs["offset"] += call - 1
        return result

    passed, seen, inputs = checked({"changes": counting(changes), "honest": honest})
    assert passed == {"honest"}
    assert details(seen["changes"]) == ["", "changed its input offset"]
    assert torch.equal(inputs["offset"], OPERATOR.inputs(FORWARD)["offset"])


@pytest.mark.parametrize("ceiling", ["", "copy"])
def test_only_an_operator_that_measures_the_machine_may_return_its_input(ceiling: str) -> None:
    operator = replace(OPERATOR, ceiling=ceiling, reference=lambda _, inputs: inputs["x"].double())
    inputs = dict(OPERATOR.inputs(FORWARD))
    candidate, found = Candidate(lambda: inputs["x"], None), list[Check]()

    def verify(_: str, check_one: Verify) -> Check:
        found.append(check_one(candidate))
        return found[-1]

    assert bool(Checker(operator, FORWARD, inputs).run({"it": candidate}, verify)) is bool(ceiling)
    assert ceiling or found[-1].detail == "after its input was changed: returned memory of its input"


def test_where_a_reference_refuses_values_others_are_drawn_until_some_judge() -> None:
    """All are refused that are neither those of the point nor half of them."""

    def reference(point: Point, inputs: Inputs) -> torch.Tensor:
        if float(inputs["x"][0]) not in (0.5, 1.0) or float(inputs["x"][1]) not in (1.0, 2.0):
            raise UsageError("two scores lie too close")
        return OPERATOR.reference(point, inputs)

    operator, inputs = replace(OPERATOR, reference=reference), dict(OPERATOR.inputs(FORWARD))
    kept = 2 * inputs["x"] + inputs["offset"]
    candidates = {"honest": honest(inputs), "keeps": Candidate(lambda: kept, None)}
    passed = Checker(operator, FORWARD, inputs).run(candidates, lambda label, check_one: check_one(candidates[label]))
    assert passed == {"honest"}
    assert torch.equal(inputs["x"], OPERATOR.inputs(FORWARD)["x"])
