"""The growth of the peak is that of the body alone, and is left out where the kernel does not tell it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from impls import resident
from impls.resident import loaded, peak_growth

MIB = 1 << 20

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc of Linux")


def touched(mib: int) -> torch.Tensor:
    return torch.ones(mib * MIB, dtype=torch.uint8)


def growth_of(actual: dict[str, float]) -> float:
    """In MiB, or a skip where this kernel refuses to tell."""
    if "peak_bytes" not in actual:
        pytest.skip("this kernel does not start a process's peak anew")
    return actual["peak_bytes"] / MIB


@linux
def test_what_a_body_held_for_a_moment_counts_and_what_was_held_before_does_not() -> None:
    before = touched(97)

    def body() -> int:
        first = touched(41)
        return first.numel() + touched(23).numel()

    result, actual = peak_growth(body)
    assert result == 64 * MIB
    assert 63 < growth_of(actual) < 80
    del before
    assert growth_of(peak_growth(lambda: None)[1]) < 8


@linux
def test_memory_that_was_free_before_is_not_free_of_charge() -> None:
    """Small blocks with a kept one above them: glibc would hand none of it back by itself."""

    def body() -> bytes:
        blocks = [bytes(4000) for _ in range(10_000)]
        return blocks[-1]

    kept = [peak_growth(body) for _ in range(2)]
    assert all(30 < growth_of(actual) < 60 for _, actual in kept)


@pytest.fixture
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of the process's own, whose `clear_refs` takes anything and does nothing."""
    monkeypatch.setattr(resident, "PROCESS", tmp_path)
    return tmp_path


STATUS = "Name:\tpython\nVmHWM:\t  {peak} kB\nVmRSS:\t  {now} kB\n"


def test_a_kernel_without_the_files_gives_no_figure(process: Path) -> None:
    (process / "clear_refs").mkdir()
    assert peak_growth(lambda: "result") == ("result", {})
    (process / "clear_refs").rmdir()
    assert peak_growth(lambda: "result") == ("result", {})
    (process / "status").write_text("Name:\tpython\n")
    assert peak_growth(lambda: "result") == ("result", {})


def test_a_kernel_that_leaves_the_peak_as_it_was_gives_no_figure(process: Path) -> None:
    (process / "status").write_text(STATUS.format(peak=9000, now=5000))
    assert peak_growth(lambda: 1) == (1, {})
    (process / "status").write_text(STATUS.format(peak=5000, now=5000))
    assert peak_growth(lambda: (process / "status").write_text(STATUS.format(peak=5007, now=4000)))[1] == {
        "peak_bytes": 7 * 1024
    }
    assert (process / "clear_refs").read_text() == "5"


def test_loading_is_timed_and_the_first_run_is_not(process: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 12.5, 99.0])
    monkeypatch.setattr(resident, "perf_counter", lambda: next(clock))
    calls: list[str] = []

    def load() -> str:
        calls.append("load")
        return "model"

    assert loaded(load, lambda one: calls.append(f"run {one}")) == ("model", {"load_s": 2.5})
    assert calls == ["load", "run model"]


@pytest.mark.gpu
def test_on_a_gpu_it_is_the_memory_there() -> None:
    actual = loaded(lambda: torch.ones(8 * MIB, device="cuda"), lambda one: one * 2, "cuda")[1]
    assert actual["peak_bytes"] == 64 * MIB
