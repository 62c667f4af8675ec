"""What the exporter translates operators with is read once a process."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from impls.exported import translations

pytest.importorskip("onnxscript", reason="onnxscript is not installed")

REGISTRATION: Any = import_module("torch.onnx._internal.exporter._registration")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A line each time that onnxscript reads its translations."""
    times: list[str] = []

    def read() -> list[Any]:
        times.append("read")
        return []

    monkeypatch.setattr(REGISTRATION.onnxscript_apis, "get_torchlib_ops", read)
    translations.remember.cache_clear()
    yield times
    monkeypatch.undo()
    translations.remember.cache_clear()


def test_two_exports_read_them_once(asked: list[str]) -> None:
    for _ in range(2):
        translations.remember()
        REGISTRATION.ONNXRegistry.from_torchlib()
    assert asked == ["read"]


def test_a_release_without_the_names_exports_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    translations.remember.cache_clear()
    monkeypatch.setattr(REGISTRATION, "onnxscript_apis", object())
    translations.remember()
    monkeypatch.undo()
    translations.remember.cache_clear()
