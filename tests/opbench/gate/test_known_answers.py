"""The suite's own benchmarks: a right answer is known again by its bits, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.bench.asked import once


def check() -> None:
    raise AssertionError("held against the reference")


def passed() -> None:
    pass


@pytest.fixture
def answer(request: pytest.FixtureRequest) -> torch.Tensor:
    found = torch.arange(6.0).reshape(2, 3)
    once(request.node.name, [found], passed)
    return found


def test_the_same_bits_are_not_checked_twice(answer: torch.Tensor, request: pytest.FixtureRequest) -> None:
    once(request.node.name, [answer.clone()], check)
    once(request.node.name, [answer.t().contiguous().t()], check)


@pytest.mark.parametrize("change", ["bit", "shape", "dtype", "question", "more", "none"])
def test_whatever_differs_is_checked(answer: torch.Tensor, change: str, request: pytest.FixtureRequest) -> None:
    other = answer.clone()
    other[1, 2] = torch.nextafter(other[1, 2], torch.tensor(9.0))
    answers: dict[str, list[Any]] = {
        "bit": [other],
        "shape": [answer.reshape(3, 2)],
        "dtype": [answer.view(torch.int32)],
        "question": [answer],
        "more": [answer, answer],
        "none": [None],
    }
    with pytest.raises(AssertionError, match="reference"):
        once(request.node.name + ("?" if change == "question" else ""), answers[change], check)


def test_a_wrong_answer_stays_wrong(request: pytest.FixtureRequest) -> None:
    for _ in range(2):
        with pytest.raises(AssertionError, match="reference"):
            once(request.node.name, [torch.ones(1)], check)
