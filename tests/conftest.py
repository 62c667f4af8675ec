"""What all tests share: markers that skip with a reason, and a catalogue extended by the cheats."""

from __future__ import annotations

import os

import pytest

if not any(map(os.path.exists, ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg"))):  # PyTorch would take a second to say
    # Read once, at the first import of triton and of numba.cuda, whichever test comes to it first.
    os.environ.setdefault("TRITON_INTERPRET", "1")
    os.environ.setdefault("NUMBA_ENABLE_CUDASIM", "1")

if "PYTEST_XDIST_WORKER" in os.environ:
    # Every core has a process of tests, whose idle threads would spin for milliseconds in each other's way: the tests
    # of the cross-Hadamard product take 246 s on two cores spinning, 109 s sleeping. Read when PyTorch is imported, and
    # not set for benchmarks, which xdist does not run.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what the machine cannot do, saying so. PyTorch is imported only when a marker asks for it."""
    for item in items:
        if item.get_closest_marker("gpu") and (reason := _no_gpu()):
            item.add_marker(pytest.mark.skip(reason=reason))
        if item.get_closest_marker("compiler") and (reason := _no_compiler()):
            item.add_marker(pytest.mark.skip(reason=reason))


def _no_gpu() -> str | None:
    import torch

    return None if torch.cuda.is_available() else "no CUDA device: PyTorch sees none on this machine"


def _no_compiler() -> str | None:
    from impls.native import why_not

    return why_not()
