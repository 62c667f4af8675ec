"""`opbench check --simulate=ptx` by a process of its own: Triton decides between compiling and interpreting once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from opbench import simulation


def checked_on_ptx(operator: str, backend: str, *words: str) -> str:
    """What it prints of a backend's compiled kernels. Skips where they cannot be compiled; fails where one is wrong."""
    environment = {name: text for name, text in os.environ.items() if name not in simulation.SWITCHES}
    command = [sys.executable, "-m", "opbench", "check", operator, "--backend", backend, "--simulate=ptx", *words]
    told = {**environment, "TRITON_DEFAULT_FP_FUSION": "1"}
    done = subprocess.run(command, env=told, capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
