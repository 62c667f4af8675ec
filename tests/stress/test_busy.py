"""The load is there while the command runs, gone afterwards, and changes nothing about how the command ends."""

from __future__ import annotations

import os
import sys

import psutil

from .busy import LOOPS_A_CORE, beside, busy


def test_there_are_two_loops_for_every_core_while_it_lasts() -> None:
    with busy() as loops:
        assert len(loops) == LOOPS_A_CORE * len(os.sched_getaffinity(0))
        assert all(loop.poll() is None for loop in loops)
    assert not any(psutil.pid_exists(loop.pid) for loop in loops)


def test_the_exit_code_is_the_commands() -> None:
    assert beside([sys.executable, "-c", "raise SystemExit(7)"]) == 7
