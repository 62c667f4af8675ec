"""OpenVINO computes an exported file as PyTorch does, or says in one line why not."""

from __future__ import annotations

import sys
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

from impls.exported.onnx_file import read
from impls.exported.openvino.session import Compiled, compiled, openvino
from opbench import Backend, Figured, Point, catalog
from opbench.errors import MachineError, UsageError

from .conftest import SHAPE

if TYPE_CHECKING:
    from impls.hadaptive.network import HadaptiveNet

pytest.importorskip("openvino", reason="openvino is not installed")

BATCH = (2, *SHAPE[1:])


@pytest.fixture(scope="module")
def model(file: Path) -> Compiled:
    return compiled(read(file), "the file", BATCH, 1)


def images(seed: int) -> Tensor:
    return torch.randn(BATCH, generator=torch.Generator().manual_seed(seed))


def test_it_computes_what_pytorch_does_of_an_input_that_changes(model: Compiled, net: HadaptiveNet) -> None:
    x, answers = images(1), []
    model.bind(x)
    for seed in (1, 2):
        x.copy_(images(seed))
        (got,) = model()
        want = net(x).detach()
        assert float((got - want).abs().max()) <= 1e-5 * float(want.abs().max())
        answers.append(got)
    assert not torch.equal(*answers)  # an answer is memory of its own


def test_it_keeps_alive_what_it_reads(model: Compiled) -> None:
    x = images(1)
    model.bind(x)
    kept = weakref.ref(x)
    del x
    assert kept() is not None


@pytest.mark.parametrize("x", [torch.zeros(1, *SHAPE[1:]), torch.zeros(BATCH, dtype=torch.float64)])
def test_another_shape_or_dtype_is_refused(model: Compiled, x: Tensor) -> None:
    with pytest.raises(
        UsageError, match=r"x is torch.float.*; the file was compiled for torch.float32 \(2, 3, 23, 23\)"
    ):
        model.bind(x)


def test_what_it_does_not_take_is_said_in_one_line(file: Path) -> None:
    broken = read(file)
    broken.graph.node[0].op_type = "NoSuchOperator"
    with pytest.raises(UsageError, match=r"OpenVINO .* does not take the file: ") as caught:
        compiled(broken, "the file", BATCH, 1)
    assert "\n" not in str(caught.value)


def test_without_it_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    openvino.cache_clear()
    with pytest.raises(MachineError, match="openvino is not installed; `python -m pip install openvino`"):
        openvino()
    openvino.cache_clear()


def test_as_a_backend_it_is_checked_like_any_other(
    monkeypatch: pytest.MonkeyPatch, file: Path, net: HadaptiveNet
) -> None:
    """Given a small file, which takes no seconds to export."""
    from impls.exported.openvino import backend

    found = catalog.operator("hadaptive_s")
    point = Point("hadaptive_s", found.complete({"batch": 2, "edge": 32, "threads": 1}))
    one = catalog.backend("hadaptive_s", "openvino")
    assert isinstance(one, Backend)
    assert one.refusal(point) is None
    monkeypatch.setattr(backend, "exported", lambda *_: file)
    x = images(3)
    launch = one.prepare(point, found.inputs(point) | {"x": x}, None, "")
    assert isinstance(launch, Figured)
    want = net(x).detach()
    assert float((launch() - want).abs().max()) <= 1e-5 * float(want.abs().max())
    assert {"export_s", "load_s", "file_bytes"} <= launch.figures.keys()
