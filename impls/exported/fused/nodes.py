"""Fused layers in standard nodes: the body of the function that a runtime without our library computes.

BatchNorm is folded into the weights, as runtimes fold it; Hardswish and the bottlenecks' parts are nodes of their own,
and ACH's expansion is a node of ours with a function beside it, as in files that `export` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from impls.exported.names import DOMAIN, select_expand_name

if TYPE_CHECKING:
    from onnx import NodeProto

    from impls.hadaptive.fused.specs import Spec


class Body:
    """Nodes in order. `weights`: every tensor by its name, float32, in the shape that its node takes.

    name: what the names of its nodes begin with, which a profiler shows.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[NodeProto] = []
        self.weights: dict[str, Tensor] = {}

    def layer(self, spec: Spec, x: str, y: str) -> None:
        """Appends the nodes from the value called `x` to the one called `y`, and the layer's weights."""
        LAYERS[spec.kind](self, spec.arguments, x, y)

    def node(self, kind: str, inputs: Sequence[str], output: str, *, domain: str = "", **attributes: Any) -> str:
        """Appends a node and returns its output."""
        from onnx import helper

        name = f"{self.name}.{output}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=name, domain=domain, **attributes))
        return output

    def transposed(self, x: str, y: str, order: Sequence[int]) -> str:
        return self.node("Transpose", [x], y, perm=order)

    def weight(self, name: str, value: Tensor) -> str:
        self.weights[name] = value.detach().float().contiguous()
        return name

    def convolved(
        self,
        x: str,
        y: str,
        weight: Tensor,
        bias: Tensor,
        *,
        stride: int = 1,
        before: int = 0,
        behind: int = 0,
        groups: int = 1,
    ) -> str:
        """weight: (c2, c1 / groups, kh, kw). before, behind: zeros on either side, of rows and of columns."""
        inputs = [x, self.weight(f"{y}_weight", weight), self.weight(f"{y}_bias", bias)]
        pads = [before, before, behind, behind]
        return self.node("Conv", inputs, y, strides=[stride, stride], pads=pads, group=groups)


def _convolution(body: Body, given: Mapping[str, Any], x: str, y: str) -> None:
    form = {"stride": given["stride"], "before": given["padding"], "behind": given["padding"]}
    made = f"{y}_conv" if given["hardswish"] else y
    body.convolved(x, made, given["weight"], given["bias"], **form)
    if given["hardswish"]:
        body.node("HardSwish", [made], y)


def _ach(body: Body, given: Mapping[str, Any], x: str, y: str) -> None:
    weight = given["mix_weight"]  # of one dimension a factor for each channel
    groups = weight.shape[0] if weight.dim() == 1 else 1
    mix = weight.view(*weight.shape, *(1,) * (4 - weight.dim()))
    mixed = body.convolved(x, f"{y}_mix", mix, given["mix_bias"], groups=groups)
    values = {"taps": given["taps"], "alpha": Tensor([given["alpha"]])}
    values |= {name: given[f"norm_{name}"] for name in ("weight", "bias")}
    inputs = [mixed, *(body.weight(f"{y}_norm_{name}", value) for name, value in values.items())]
    wide = body.node(select_expand_name(given["norm_name"]), inputs, f"{y}_wide", domain=DOMAIN, k=given["k"])
    _behind(body, given, x, wide, y)


def _ghost(body: Body, given: Mapping[str, Any], x: str, y: str) -> None:
    half, expanded = given["primary_weight"].shape[0], given["expanded"]
    body.convolved(x, f"{y}_primary", given["primary_weight"][:, :, None, None], given["primary_bias"])
    first = body.node("HardSwish", [f"{y}_primary"], f"{y}_first")
    cheap = given["cheap_weight"][:, None]
    body.convolved(first, f"{y}_cheap", cheap, given["cheap_bias"], before=1, behind=1, groups=half)
    wide = body.node("Concat", [first, f"{y}_cheap"], f"{y}_wide", axis=1)
    if expanded < 2 * half:
        ends = [
            body.node("Constant", [], f"{y}_{name}", value_ints=[value])
            for name, value in (("from", 0), ("to", expanded), ("axis", 1))
        ]
        wide = body.node("Slice", [wide, *ends], f"{y}_kept")
    _behind(body, given, x, wide, y)


def _behind(body: Body, given: Mapping[str, Any], x: str, wide: str, y: str) -> None:
    """The depthwise convolution and the projection of a bottleneck whose input was `x`."""
    weight, stride = given["depthwise_weight"], given["stride"]
    expanded, kernel = weight.shape[:2]
    before = (kernel - 1) // 2
    short = stride == 1 and kernel % 2 == 0
    body.convolved(
        wide,
        f"{y}_depthwise",
        weight[:, None],
        given["depthwise_bias"],
        stride=stride,
        before=before,
        behind=before + short,
        groups=expanded,
    )
    spread = body.node("HardSwish", [f"{y}_depthwise"], f"{y}_spread")
    projected = f"{y}_project" if given["residual"] else y
    body.convolved(spread, projected, given["project_weight"][:, :, None, None], given["project_bias"])
    if given["residual"]:
        body.node("Add", [x, projected], y)


def _classifier(body: Body, given: Mapping[str, Any], x: str, y: str) -> None:
    space = body.node("Constant", [], f"{y}_space", value_ints=[2, 3])
    mean = body.node("ReduceMean", [x, space], f"{y}_mean", keepdims=0)
    for part, end in (("hide", f"{y}_hidden"), ("classify", y)):
        weights = [body.weight(f"{y}_{part}_{name}", given[f"{part}_{name}"]) for name in ("weight", "bias")]
        body.node("Gemm", [mean, *weights], end, transB=1)
        if part == "hide":
            mean = body.node("HardSwish", [end], f"{y}_active")


LAYERS: Mapping[str, Callable[[Body, Mapping[str, Any], str, str], None]] = {
    "convolution": _convolution,
    "ach_bottleneck": _ach,
    "ghost_bottleneck": _ghost,
    "classifier": _classifier,
}
