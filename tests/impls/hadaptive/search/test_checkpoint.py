"""Files to resume from: what is not a checkpoint of this very search is refused, and code in one is not run."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from impls.hadaptive.search import checkpoint
from opbench.errors import MachineError, UsageError

from .toys import search

QUESTION: dict[str, Any] = {"space": "toy", "places": {"a": 1}}


class Code:
    def __reduce__(self) -> tuple[Any, ...]:
        return (open, ("/dev/null",))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "deep" / "checkpoint.pt"
    checkpoint.save(search(), path, QUESTION)
    return path


def test_nothing_unfinished_is_left_beside_it(saved: Path) -> None:
    assert list(saved.parent.iterdir()) == [saved]


@pytest.mark.parametrize(
    ("changed", "question", "says"),
    [
        ({"epochs": 7}, {}, "epochs 2 there, 7 here"),
        ({"annealing": "cosine", "seed": 4}, {}, "annealing linear there, cosine here; seed 0 there, 4 here"),
        ({}, {"space": "full"}, "space toy there, full here"),
        ({}, {"places": {"a": 2}}, "another places"),
        ({}, {"data": "digits"}, "data None there, digits here"),
    ],
)
def test_another_search_is_refused_naming_both(
    saved: Path, changed: dict[str, Any], question: dict[str, Any], says: str
) -> None:
    with pytest.raises(UsageError, match=f"is of another search: {says}; a resumption needs the same"):
        checkpoint.resume(search(**changed), saved, {**QUESTION, **question})


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no checkpoint .*gone\.pt"):
        checkpoint.resume(search(), tmp_path / "gone.pt", QUESTION)


def test_a_truncated_file_is_refused(saved: Path) -> None:
    whole = saved.read_bytes()
    for length in (0, 1, len(whole) // 2, len(whole) - 1):
        saved.write_bytes(whole[:length])
        with pytest.raises(UsageError, match=r"truncated, or no checkpoint|damaged"):
            checkpoint.resume(search(), saved, QUESTION)


def test_a_damaged_middle_is_refused(saved: Path) -> None:
    whole = bytearray(saved.read_bytes())
    at = whole.index(b"data.pkl") + 100
    whole[at : at + 400] = bytes(400)
    saved.write_bytes(bytes(whole))
    with pytest.raises(UsageError, match=r"damaged|holds code"):
        checkpoint.resume(search(), saved, QUESTION)


def test_code_is_not_run(saved: Path) -> None:
    torch.save({"format": checkpoint.FORMAT, "state": Code()}, saved)
    with pytest.raises(UsageError, match="holds code or objects beside tensors, and nothing of it was run"):
        checkpoint.resume(search(), saved, QUESTION)
    saved.write_bytes(pickle.dumps(Code()))
    with pytest.raises(UsageError, match="no checkpoint"):
        checkpoint.resume(search(), saved, QUESTION)


@pytest.mark.parametrize("content", [{"format": "opbench.hadaptive.training/1"}, [1, 2], {}], ids=str)
def test_a_file_of_another_kind_is_refused(saved: Path, content: object) -> None:
    torch.save(content, saved)
    with pytest.raises(UsageError, match=f"is no checkpoint of a search; expected format '{checkpoint.FORMAT}'"):
        checkpoint.resume(search(), saved, QUESTION)


@pytest.mark.parametrize("missing", ["question", "settings", "history", "state"])
def test_a_file_that_lacks_a_part_names_it(saved: Path, missing: str) -> None:
    content = torch.load(saved, weights_only=True)
    del content[missing]
    torch.save(content, saved)
    with pytest.raises(UsageError, match=f"lacks {missing}"):
        checkpoint.resume(search(), saved, QUESTION)


def test_a_folder_that_cannot_be_written_is_the_machines_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MachineError, match="cannot write the checkpoint"):
        checkpoint.save(search(), tmp_path / "file" / "checkpoint.pt", QUESTION)
