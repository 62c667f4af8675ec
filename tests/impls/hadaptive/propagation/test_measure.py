"""The computed layers against the theory, layer by layer, and to the end of a dtype's numbers."""

from __future__ import annotations

import dataclasses
import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from impls.hadaptive.propagation.__main__ import app
from impls.hadaptive.propagation.measure import DTYPES, Layer, Sizes, layers, overflow, typical_overflow
from impls.hadaptive.propagation.study import study
from impls.hadaptive.propagation.theory import NORMS, Moments, Stack, product, states
from impls.hadaptive.propagation.theory import overflow as overflow_by_theory
from opbench.errors import UsageError

from ....commands import Interpreter

REST = Moments(0.5, 1.0)
SIZES = Sizes(channels=97, positions=61, depth=3, seed=0)


def measured(norm: str, scale: float = 1.0, dtype: str = "float32", sizes: Sizes = SIZES) -> list[Layer]:
    return list(layers(Stack(norm, REST), scale, dtype, sizes))


def theory(norm: str, scale: float, depth: int) -> list[Moments]:
    start = Moments(scale * REST.mean, scale**2 * REST.variance)
    return [product(state, state) for state in states(Stack(norm, REST), start, depth)]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_typical_position_is_where_theory_says(norm: str, scale: float, dtype: str) -> None:
    """In the first layers, where what distinguishes positions is small: with 97 channels a fifth of the variance."""
    if norm == "bn_batch":
        pytest.skip("its batch is at rest, its positions are not: tested below")
    for layer, want in zip(
        measured(norm, scale, dtype, dataclasses.replace(SIZES, depth=2)), theory(norm, scale, 2), strict=True
    ):
        assert layer.mean is not None
        assert layer.variance is not None
        assert layer.finite == 1
        assert layer.variance.mid == pytest.approx(want.variance, rel=0.35), layer.depth
        assert abs(layer.mean.mid - want.mean) < 0.35 * math.sqrt(want.variance), layer.depth
        assert layer.variance.low < layer.variance.mid < layer.variance.high


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_batch_statistics_put_the_batch_to_rest_in_one_layer(scale: float) -> None:
    first, second, _ = measured("bn_batch", scale)
    at_rest = product(REST, REST)
    assert first.pooled is not None
    assert second.pooled is not None
    assert first.pooled.variance == pytest.approx(theory("bn_batch", scale, 1)[0].variance, rel=0.15)
    assert second.pooled.variance == pytest.approx(at_rest.variance, rel=0.25)


@pytest.mark.parametrize(("dtype", "last"), [("float16", 4), ("float32", 8), ("bfloat16", 8)])
@pytest.mark.parametrize("norm", ["none", "bn"])
def test_without_a_bounded_normaliser_a_doubled_input_leaves_a_dtype_in_the_layer_that_theory_says(
    norm: str, dtype: str, last: int
) -> None:
    sizes = dataclasses.replace(SIZES, depth=9)
    found = measured(norm, 2.0, dtype, sizes)
    predicted = overflow_by_theory(theory(norm, 2.0, 9), torch.finfo(DTYPES[dtype]).max, 97 * 48)
    assert typical_overflow(found) == predicted == last
    assert last - 1 <= int(overflow(found) or 0) <= last
    assert found[-1].finite < 1
    assert all(before.finite >= after.finite for before, after in pairwise(found))


@pytest.mark.parametrize("norm", ["dysoft", "dyalge", "dyt"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_bounded_normaliser_keeps_every_dtype_finite_however_large_the_input(norm: str, dtype: str) -> None:
    found = measured(norm, 30.0, dtype, dataclasses.replace(SIZES, depth=6))
    assert overflow(found) is None
    assert found[-1].variance is not None
    assert found[-1].variance.mid < 10


def test_the_same_arguments_give_the_same_numbers_and_another_seed_others() -> None:
    assert measured("dysoft") == measured("dysoft")
    assert measured("dysoft") != measured("dysoft", sizes=dataclasses.replace(SIZES, seed=1))


@pytest.mark.parametrize(("name", "value", "least"), [("channels", 1, 2), ("positions", 1, 2), ("depth", 0, 1)])
def test_sizes_that_make_no_statistics_are_refused(name: str, value: int, least: int) -> None:
    with pytest.raises(UsageError, match=f"{name} is {value}; expected at least {least}"):
        Sizes(**{name: value})


def test_a_study_is_plain_data_with_theory_beside_every_measurement() -> None:
    told: list[str] = []
    sizes = Sizes(channels=11, positions=7, depth=9)
    result = study(["none", "dysoft"], ["float16"], [1.0, 3.0], Moments(0.0, 1.0), sizes, told.append)
    assert told == ["none", "dysoft"]
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    none: Any = result["stacks"][0]
    grown = none["runs"][1]
    assert grown["theory"]["overflow"]["float16"] == 4  # 9, 81, 6561, 43 million
    assert abs(grown["measured"]["float16"]["typical_overflow"] - 4) <= 1
    assert grown["theory"]["layers"][0] == product(Moments(0.0, 9.0), Moments(0.0, 9.0))._asdict()
    assert len(result["stacks"][1]["runs"][0]["measured"]["float16"]["layers"]) == 9


def test_the_command_writes_the_study_and_prints_a_line_for_each_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--channels", "11", "--positions", "7", "--depth", "3", "--norms", "dyt,none", "--scales", "1,2"]
    app([*words, "--results", str(tmp_path)], standalone_mode=False)
    result = json.loads((tmp_path / "propagation" / "propagation.json").read_text(encoding="utf-8"))
    assert [stack["norm"] for stack in result["stacks"]] == ["none", "dyt"]
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:5]] == [["none", "1"], ["none", "2"], ["dyt", "1"], ["dyt", "2"]]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--norms", "dysofd"], "no norm 'dysofd' of the propagation (did you mean 'dysoft'?)"),
        (["--dtypes", "float8"], "no dtype 'float8'"),
        (["--scales", "1,-2"], "--scales is '1,-2'; expected numbers above 0"),
        (["--channels", "1"], "channels is 1; expected at least 2"),
    ],
)
def test_a_refusal_is_one_line(words: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=r"expected|there are") as raised:
        app(words, standalone_mode=False)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_module_is_a_command(interpreter: Interpreter) -> None:
    program = "import runpy; runpy.run_module('impls.hadaptive.propagation', run_name='__main__')"
    ended = interpreter.run(program, ["propagation", "--scales", "x"])
    assert (ended.code, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert ended.stderr.startswith("propagation: --scales is 'x'")
