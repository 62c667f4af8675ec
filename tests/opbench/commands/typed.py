"""Commands as they are typed, inside the process of the tests."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from opbench.commands.app import main

ROOT = Path(__file__).parents[3]


@dataclass
class Ended:
    code: int
    stdout: str
    stderr: str


class Typing:
    """The program inside this process: PyTorch is imported once for all tests, not once a test."""

    def __init__(self, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capsys = patch, capsys

    def __call__(self, *words: str) -> Ended:
        self._patch.setattr(sys, "argv", ["opbench", *words])
        self._patch.setattr("torch.cuda.is_available", lambda: False)
        self._patch.chdir(ROOT)
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, out, err)
