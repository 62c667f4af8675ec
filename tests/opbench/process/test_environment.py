"""What is told of the machine, where the usual ways to ask it are missing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from opbench.process import environment
from opbench.process.environment import describe, revision

GPU = SimpleNamespace(
    name="Abacus 7", total_memory=7 << 30, multi_processor_count=13, L2_cache_size=50 << 20, major=9, minor=0
)


def test_of_a_gpu_its_own_properties_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda _: GPU)
    found = describe("cuda")
    assert (found["device"], found["device_name"], found["device_memory_bytes"]) == ("cuda", "Abacus 7", 7 << 30)
    assert (found["multiprocessors"], found["l2_bytes"], found["capability"]) == (13, 50 << 20, "9.0")
    assert describe("cpu").keys() < found.keys()


def test_what_is_not_there_to_be_read_is_left_out_or_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: Any, **__: Any) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(environment, "sys", SimpleNamespace(platform="darwin"))
    monkeypatch.setattr("platform.processor", lambda: "")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    monkeypatch.setattr(Path, "read_text", absent)
    assert environment._version("a library of nobody's") is None
    assert environment._cpu_name() == "arm64"
    assert environment._hugepages() == "unknown"


def test_a_folder_outside_of_a_checkout_has_no_revision(tmp_path: Path) -> None:
    assert revision(tmp_path) == "unknown"
