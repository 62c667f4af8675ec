"""Depthwise convolutions of odd channels get channels of zeros: the same numbers, and nobody else sees them."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn

from impls.exported.aligned import MULTIPLE, aligned
from impls.exported.export import export
from impls.exported.onnx_file import IR_VERSION, OPSET, read
from impls.exported.session import open_file, open_model
from impls.hadaptive.ach import ACH
from opbench.errors import UsageError

from ...rows import rows

if TYPE_CHECKING:
    from onnx import ModelProto

SHAPES = {
    "dw": (6, 1, 3, 3),
    "db": (6,),
    "even": (8, 1, 3, 3),
    "twice": (12, 1, 3, 3),
    "first": (6, 6, 1, 1),
    "widen": (8, 6, 1, 1),
    "bias": (6,),
    "last": (6, 6, 1, 1),
    "narrow": (6, 8, 1, 1),
    "gamma": (6,),
    "beta": (6,),
    "mean": (6,),
    "var": (6,),
}
"""Of weights, by their names in the graphs below; the input has 6 channels of 5x5."""

DEPTHWISE = "Conv <group = 6, pads = [1, 1, 1, 1]>"
NORM = "BatchNormalization <epsilon = 0.0>"

BEHIND_AN_INPUT = f"a = {DEPTHWISE} (x, dw, db)  b = HardSwish (a)  y = Conv (b, last, bias)"
BEHIND_A_CONVOLUTION = f"a = Conv (x, first, bias)  b = Relu (a)  c = {DEPTHWISE} (b, dw)  y = Conv (c, last)"
WITH_A_NORM = f"""a = Conv (x, first)  b = {NORM} (a, gamma, beta, mean, var)  c = {DEPTHWISE} (b, dw, db)
    d = {NORM} (c, gamma, beta, mean, var)  y = Conv (d, last)"""
TWO_IN_A_ROW = f"a = {DEPTHWISE} (x, dw, db)  b = Sigmoid (a)  c = {DEPTHWISE} (b, dw)  y = Conv (c, last, bias)"
READ_BESIDE = (
    f"a = {DEPTHWISE} (x, dw, db)  b = Relu (a)  s = GlobalAveragePool (b)  c = Conv (b, last)  y = Add (c, s)"
)
READ_TWICE = f"a = Conv (x, first)  b = {DEPTHWISE} (a, dw)  c = Conv (b, last)  y = Add (a, c)"
READ_BY_ANOTHER = f"""a = {DEPTHWISE} (x, dw, db)  b = Conv <group = 6, pads = [1, 1, 1, 1]> (a, twice)
    s = ReduceMean <keepdims = 1> (b)  c = Conv (a, last)  y = Add (c, s)"""
TWO_APART = (
    f"a = Conv (x, first)  b = {DEPTHWISE} (a, dw)  c = Conv (b, last)  d = {DEPTHWISE} (c, dw)  y = Conv (d, last)"
)

NOT_ZERO = f"a = {DEPTHWISE} (x, dw, db)  b = Sigmoid (a)  y = Conv (b, last)"
"""Where a half is what an added channel has."""

EVERY = (
    NOT_ZERO,
    *(BEHIND_AN_INPUT, BEHIND_A_CONVOLUTION, WITH_A_NORM, TWO_IN_A_ROW),
    *(READ_BESIDE, READ_TWICE, READ_BY_ANOTHER, TWO_APART),
)

AN_OUTPUT = f"a = Conv (x, first)  y = {DEPTHWISE} (a, dw)"
NONE_ODD = "a = Conv (x, widen)  b = Conv <group = 8, pads = [1, 1, 1, 1]> (a, even)  y = Conv (b, narrow)"
NOT_KNOWN = f"w = Abs (dw)  a = {DEPTHWISE} (x, w)  y = Conv (a, last)"


def model(body: str) -> ModelProto:
    """The weights are drawn, those that are read only."""
    from onnx import helper, numpy_helper, parser

    text = f"agraph (float[n, 6, 5, 5] x) => (float[n, 6, 5, 5] y) {{ {body} }}"
    graph = parser.parse_graph(text)
    read = {name for node in graph.node for name in node.input}
    random = np.random.default_rng(3)
    for name, shape in SHAPES.items():
        if name in read:
            drawn = random.uniform(0.5, 1.5, shape) * random.choice([-1, 1] if name != "var" else [1], shape)
            graph.initializer.append(numpy_helper.from_array(drawn.astype(np.float32), name))
    made: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    return made


def groups(of: ModelProto) -> list[int]:
    found = [one.i for node in of.graph.node if node.op_type == "Conv" for one in node.attribute if one.name == "group"]
    return [int(one) for one in found]


def answer(of: ModelProto, batch: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    x = np.random.default_rng(batch).standard_normal((batch, 6, 5, 5)).astype(np.float32)
    return open_model(of.SerializeToString(), "it", with_library=False, threads=1)(x)


@rows("body", EVERY)
def test_the_outputs_stay_what_they_were(body: str) -> None:
    import onnx

    before = model(body)
    kept = before.SerializeToString()
    after = aligned(before)
    assert before.SerializeToString() == kept
    onnx.checker.check_model(after, full_check=True)
    for batch in (1, 3):
        want = answer(before, batch)
        np.testing.assert_allclose(answer(after, batch), want, rtol=0, atol=1e-5 * np.abs(want).max())


@rows("body, wide", [(BEHIND_AN_INPUT, [8]), (BEHIND_A_CONVOLUTION, [8]), (TWO_IN_A_ROW, [8, 8]), (TWO_APART, [8, 8])])
def test_every_depthwise_convolution_has_a_multiple_of_channels(body: str, wide: list[int]) -> None:
    assert groups(aligned(model(body))) == wide
    assert groups(aligned(model(body), 16)) == [16 for _ in wide]


def test_a_convolution_in_front_gives_the_channels_itself() -> None:
    """Adding them behind it would copy the whole map."""
    kinds = [node.op_type for node in aligned(model(BEHIND_A_CONVOLUTION)).graph.node]
    assert kinds == ["Conv", "Relu", "Conv", "Conv"]
    assert next(node.op_type for node in aligned(model(BEHIND_AN_INPUT)).graph.node) == "Pad"


def test_weights_that_nobody_reads_any_more_are_gone() -> None:
    after = aligned(model(TWO_IN_A_ROW))
    read = {name for node in after.graph.node for name in node.input}
    assert all(one.name in read for one in after.graph.initializer)


@pytest.mark.parametrize("body", [AN_OUTPUT, NONE_ODD, NOT_KNOWN])
def test_what_has_nothing_to_be_aligned_is_returned(body: str) -> None:
    before = model(body)
    assert aligned(before) is before


def test_export_writes_such_a_file_unless_asked_not_to(tmp_path: Path) -> None:
    """Behind a node of ours too, whose library then gives the same numbers."""
    torch.manual_seed(3)
    block = nn.Sequential(ACH(5, 4), nn.Conv2d(11, 11, 3, padding=1, groups=11), nn.Conv2d(11, 3, 1)).eval()
    x = torch.randn(2, 5, 3, 7)
    with torch.no_grad():
        want = block(x)
    for multiple, groups_of in ((4, [12]), (1, [11])):
        path = export(block, tmp_path / f"{multiple}.onnx", (1, 5, 3, 7), multiple=multiple)
        assert [one for one in groups(read(path)) if one > 1] == groups_of
        got = torch.from_numpy(open_file(path, with_library=False)(x.numpy()))
        torch.testing.assert_close(got, want, rtol=1e-5, atol=1e-5)
    assert inspect.signature(export).parameters["multiple"].default == MULTIPLE


def test_a_multiple_below_one_is_refused() -> None:
    with pytest.raises(UsageError, match="channels of a multiple of 0; expected 1 or more"):
        aligned(model(NONE_ODD), 0)
    assert MULTIPLE % 4 == 0
