"""A file is believed when it is whole, ours, and of our version; anything else is one clear line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from impls.exported.cached import exported
from impls.exported.names import DOMAIN
from impls.exported.onnx_file import EXPORT_S, facts, read
from impls.exported.session import open_file
from impls.hadaptive.ach import ACH
from opbench.errors import UsageError

if TYPE_CHECKING:
    from onnx import ModelProto


def changed(file: Path, to: Path, change: Callable[[ModelProto], None]) -> Path:
    model = read(file)
    change(model)
    to.write_bytes(model.SerializeToString())
    return to


def of_another_version(model: ModelProto) -> None:
    next(one for one in model.opset_import if one.domain == DOMAIN).version = 2


def of_an_earlier_version(model: ModelProto) -> None:
    next(one for one in model.opset_import if one.domain == DOMAIN).version = 0


def with_another_weight(model: ModelProto) -> None:
    raw = bytearray(model.graph.initializer[0].raw_data)
    raw[5] ^= 1
    model.graph.initializer[0].raw_data = bytes(raw)


def with_another_k(model: ModelProto) -> None:
    node = next(one for one in model.graph.node if one.domain == DOMAIN)
    node.attribute[0].i = 3


def of_somebody_else(model: ModelProto) -> None:
    del model.metadata_props[:]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (of_another_version, r"uses version 2 of our operators, this opbench has version 1; export the model anew"),
        (of_an_earlier_version, r"uses version 0 of our operators, this opbench has version 1; export the model anew"),
        (with_another_weight, r"is not as it was exported: its sum differs; export the model anew"),
        (with_another_k, r"is not as it was exported: its sum differs"),
        (of_somebody_else, r"was not exported by opbench"),
    ],
)
def test_a_file_that_was_changed(file: Path, tmp_path: Path, change: Callable[[ModelProto], None], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        open_file(changed(file, tmp_path / "net.onnx", change))


@pytest.mark.parametrize("keep", [0.0, 0.0001, 0.01, 0.5, 0.999])
def test_a_file_that_was_cut_off(file: Path, tmp_path: Path, keep: float) -> None:
    data = file.read_bytes()
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(data[: int(keep * len(data))])
    with pytest.raises(UsageError, match=r"cut.onnx (is no ONNX file|is not as it was exported|was not exported)"):
        open_file(cut)


def test_a_file_that_is_something_else_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no model, but words " * 9)
    with pytest.raises(UsageError, match=r"text.onnx is no ONNX file"):
        open_file(tmp_path / "text.onnx")
    with pytest.raises(UsageError, match=r"there is no file .*none.onnx"):
        open_file(tmp_path / "none.onnx")
    with pytest.raises(UsageError, match=r"cannot read .*: Is a directory"):
        open_file(tmp_path)


def test_a_model_is_exported_once_and_a_damaged_file_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path))
    model, shape = ACH(5, 3).eval(), (1, 5, 3, 7)
    first = exported(model, "ach", shape)
    written = first.stat().st_mtime_ns
    assert exported(model, "ach", shape) == first
    assert first.stat().st_mtime_ns == written
    first.write_bytes(first.read_bytes()[:1000])
    assert read(exported(model, "ach", shape)).graph.node
    changed(first, first, with_another_weight)
    assert read(exported(model, "ach", shape)).graph.node
    assert float(facts(read(first))[EXPORT_S]) > 0
