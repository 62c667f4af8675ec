"""Other tools' words, read from what they print."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from opbench.ceilings.external_tools import CPU_TOOLS, GPU_TOOLS, ask_external_tools, best_answers

from .ceilings_builders import ENVIRONMENT

LIKWID = "Data volume (Byte):\t65536000000\nMByte/s:\t\t45792.87\nCycles per update:\t0.453527\n"
NVBANDWIDTH = "Running device_local_copy.\n           0\n 0   1234.56\n\nSUM device_local_copy 1234.56\n"


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Texts that the tools print, one a run; all are installed."""
    texts: list[str] = []

    def run(words: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        if not texts:
            raise subprocess.CalledProcessError(1, words)
        return subprocess.CompletedProcess(words, 0, texts.pop(0))

    monkeypatch.setattr("shutil.which", lambda program: f"/usr/bin/{program}")
    monkeypatch.setattr("subprocess.run", run)
    return texts


def test_likwid_says_megabytes() -> None:
    assert CPU_TOOLS[0].bytes_per_s(LIKWID) == pytest.approx(45.79287e9)


def test_nvbandwidth_says_gigabytes() -> None:
    assert GPU_TOOLS[0].bytes_per_s(NVBANDWIDTH) == pytest.approx(1.23456e12)


def test_what_a_tool_does_not_say_is_left_out(printed: list[str]) -> None:
    printed += ["MByte/s: 7.0", "no figure in here"]
    assert ask_external_tools(ENVIRONMENT, 1 << 20) == {"read: likwid-bench load": 7e6}


def test_of_several_times_that_they_are_asked_the_best_counts() -> None:
    assert best_answers({}, {"copy: a": 1.0}) == {"copy: a": 1.0}
    assert best_answers({"copy: a": 3.0, "read: a": 1.0}, {"copy: a": 2.0}) == {"copy: a": 3.0, "read: a": 1.0}


def test_a_tool_that_fails_has_no_opinion(printed: list[str]) -> None:
    assert ask_external_tools(ENVIRONMENT, 1 << 20) == {}


def test_a_tool_that_is_not_installed_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("was started"))
    assert ask_external_tools(ENVIRONMENT, 1 << 20) == {}


def test_it_is_asked_about_the_largest_working_set_and_our_threads() -> None:
    assert CPU_TOOLS[0].arguments(2, 1_000_000)[-3:] == ("N:1000kB:2", "-i", "16")
