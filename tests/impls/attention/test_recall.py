"""The synthetic sequences have one right answer, and a training learns it the same way twice."""

from __future__ import annotations

import pytest
import torch

from impls.attention.recall import MODELS, main, trained
from impls.attention.sequences import majority, recall


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


@pytest.mark.parametrize(("pairs", "tokens"), [(1, 2), (3, 4), (5, 17)])
def test_the_answer_is_the_value_beside_the_key_that_is_asked_for(pairs: int, tokens: int) -> None:
    drawn, answers = recall(pairs).draw(13, tokens, torch.Generator().manual_seed(0))
    assert drawn.shape == (13, tokens, 2)
    for row, answer in zip(drawn.tolist(), answers.tolist(), strict=True):
        told = [token for token in row[:-1] if token != [pairs, pairs]]
        assert sorted(key for key, _ in told) == list(range(pairs))
        assert dict(told)[row[-1][0]] == answer
        assert row[-1][1] == pairs


def test_the_majority_is_what_more_tokens_say() -> None:
    drawn, answers = majority().draw(17, 6, torch.Generator().manual_seed(0))
    for row, answer in zip(drawn.tolist(), answers.tolist(), strict=True):
        votes = [value for _, value in row[:-1]]
        assert votes.count(answer) > votes.count(1 - answer)


def test_sequences_that_have_no_answer_are_refused() -> None:
    with pytest.raises(ValueError, match="3 tokens; expected 3 pairs and one that asks, 4 at least"):
        recall(3).draw(1, 3, torch.Generator())
    with pytest.raises(ValueError, match="7 tokens; expected an even number"):
        majority().draw(1, 7, torch.Generator())


@pytest.mark.parametrize("model", list(MODELS)[:2])
def test_a_training_repeats_and_is_better_than_guessing(model: str) -> None:
    first = trained(MODELS[model], recall(2), seed=1, steps=40)
    assert first == trained(MODELS[model], recall(2), seed=1, steps=40)
    assert first.accuracy > 0.7
    assert first.steps <= 40


def test_options_that_mean_nothing_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--steps", "0"]) == 2
    assert main(["--seeds", "1,1"]) == 2
    assert capsys.readouterr().err.startswith("recall: --steps is 0; expected at least 1\nrecall: --seeds is '1,1'")
