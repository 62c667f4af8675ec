"""`auto`: the measured table first, the documented rule without one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from impls.cross_hadamard import kernels
from impls.cross_hadamard.api import automatic
from impls.cross_hadamard.functional import cross_hadamard
from opbench import dispatch
from opbench.dispatch import device_key
from opbench.dispatch_table import Row, Table
from opbench.process.environment import describe

from .definitions import expected, random


@pytest.fixture
def no_tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(dispatch, "_readable", list)
    _forget()
    yield
    _forget()


def _forget() -> None:
    dispatch.forget()
    automatic._automatic.cache_clear()


@pytest.mark.usefixtures("no_tables")
def test_without_a_table_the_rule_decides() -> None:
    assert automatic.chosen("auto", torch.ones(1, 3, 5), 0) == kernels.resolve(automatic.by_rule("cpu"), "cpu")


@pytest.mark.usefixtures("no_tables")
def test_the_nearest_row_decides_backend_and_schedule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def row(batch: int, label: str) -> Row:
        axes = {"batch": batch, "channels": 8, "edge": 4, "selected": 0}
        return Row("cross_hadamard", "float32", axes, {label: 1.0, "torch_eager": 9.0})

    table = Table(device_key(describe("cpu")), "abc", (row(1, "torch_select"), row(64, "torch_compile")))
    monkeypatch.setattr(dispatch, "_readable", lambda: [table])
    dispatch.forget()
    assert automatic.chosen("auto", torch.ones(2, 8, 4, 4), 0)[0] is kernels.resolve("torch_select", "cpu")[0]
    assert automatic.chosen("auto", torch.ones(63, 8, 4, 4), 0)[0] is kernels.resolve("torch_compile", "cpu")[0]


@pytest.mark.usefixtures("no_tables")
@pytest.mark.parametrize("label", ["nonesuch", "torch_eager:zigzag"])
def test_a_table_of_another_version_is_a_warning_and_the_rule(label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    axes = {"batch": 1, "channels": 3, "edge": 5, "selected": 0}
    row = Row("cross_hadamard", "float32", axes, {label: 1.0})
    monkeypatch.setattr(dispatch, "_readable", lambda: [Table(device_key(describe("cpu")), "abc", (row,), "old.json")])
    dispatch.forget()
    with pytest.warns(RuntimeWarning, match="old.json is outdated: .*make it again"):
        assert automatic.chosen("auto", torch.ones(1, 3, 5), 0) == kernels.resolve(automatic.by_rule("cpu"), "cpu")


def test_the_public_function_computes_whatever_the_table_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "cache_folder", lambda: tmp_path)  # and no library is built anew
    (tmp_path / "dispatch").mkdir()
    (tmp_path / "dispatch" / "deep.json").write_text("[" * 100_000)
    _forget()
    x = random(1, 3, 5)
    with pytest.warns(RuntimeWarning, match="deep.json is no dispatch table"):
        assert torch.equal(cross_hadamard(x), expected(x))
    _forget()


def test_by_rule_kernels_go_before_eager_and_what_compiles_at_every_shape_is_never_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left, order = list(kernels.backends()), []
    monkeypatch.setattr(automatic, "usable", lambda _: tuple(left))
    while left != ["torch_compile"]:
        order.append(automatic.by_rule("cuda"))
        left.remove(order[-1])
    assert order == ["cpp_ext", "triton_jit", "cupy_raw", "numba_cuda", "torch_select", "torch_eager"]


def test_auto_is_right() -> None:
    x = random(1, 3, 5)
    assert torch.equal(cross_hadamard(x), expected(x))
