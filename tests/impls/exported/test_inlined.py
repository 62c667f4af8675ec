"""A file without functions of its own computes the same, in standard nodes alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from impls.exported.export import export
from impls.exported.inlined import inlined
from impls.exported.names import DOMAIN
from impls.exported.onnx_file import read
from impls.exported.session import open_file, open_model
from impls.hadaptive.ach import ACH
from opbench.errors import UsageError

from .conftest import SHAPE

if TYPE_CHECKING:
    from impls.hadaptive.network import HadaptiveNet


def test_a_model_is_written_out_and_stays_as_it_was(file: Path, net: HadaptiveNet) -> None:
    model = read(file)
    flat = inlined(model)
    assert len(model.functions) == 2
    assert not flat.functions
    assert {node.domain for node in flat.graph.node} == {""}
    assert inlined(flat) is flat
    session = open_model(flat.SerializeToString(), "it", with_library=False)
    for batch in (1, 2, 5):
        x = torch.randn((batch, *SHAPE[1:]), generator=torch.Generator().manual_seed(batch))
        want = net(x).detach()
        assert float((torch.from_numpy(session(x.numpy())) - want).abs().max()) <= 1e-5 * float(want.abs().max())


def test_export_writes_such_a_file_where_it_is_asked_to(tmp_path: Path) -> None:
    torch.manual_seed(3)
    model, shape = ACH(5, 3).eval(), (1, 5, 3, 7)
    path = export(model, tmp_path / "flat.onnx", shape, functions=False)
    written = read(path)  # its sum is of what was written
    assert not written.functions
    assert all(node.domain != DOMAIN for node in written.graph.node)
    x = torch.randn(2, *shape[1:])
    got = torch.from_numpy(open_file(path, with_library=False)(x.numpy()))
    torch.testing.assert_close(got, model(x).detach(), rtol=1e-5, atol=1e-5)


def test_a_node_that_nothing_in_the_file_explains_is_refused(file: Path) -> None:
    model = read(file)
    del model.functions[:]
    with pytest.raises(
        UsageError, match="no function that says what AchSelectExpand, AchSelectExpandIdentity computes"
    ):
        inlined(model)
