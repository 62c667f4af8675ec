"""Depthwise convolutions whose channels are no multiple of four, with channels of zeros added to a file up to one.

ONNX Runtime computes convolutions in blocks of 8 or 16 channels, and changes to that layout only where channels are a
multiple of four; another depthwise convolution runs channel by channel. The channels that are added have weights of
zero wherever they are summed, so outputs are the same sums; a file's other nodes, and its outputs, see none of them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from onnx import GraphProto, ModelProto, NodeProto

MULTIPLE = 4
"""What ONNX Runtime's layout asks for."""

ELEMENTWISE = frozenset({"Clip", "HardSigmoid", "HardSwish", "Relu", "Sigmoid"})

BATCHNORM = "BatchNormalization"


def aligned(model: ModelProto, multiple: int = MULTIPLE) -> ModelProto:
    """The model with its float32 depthwise convolutions on a multiple of so many channels.

    `model` stays as it is, and is returned where there is nothing to do; so it is where a node has a graph of its
    own, which could read any value. Raises UsageError for a multiple below 1.
    """
    if multiple < 1:
        raise UsageError(f"channels of a multiple of {multiple}; expected 1 or more")
    if any(one.HasField("g") or one.graphs for node in model.graph.node for one in node.attribute):
        return model
    changed = type(model)()
    changed.CopyFrom(model)
    return changed if _Widening(changed.graph, multiple).run() else model


@dataclass
class _Stretch:
    """From the value `root` on, what treats every channel by itself.

    inside: such nodes; ends: convolutions that sum over channels; outside: values that other nodes read too.
    """

    root: str
    inside: list[NodeProto] = field(default_factory=list)
    ends: list[NodeProto] = field(default_factory=list)
    outside: set[str] = field(default_factory=set)

    @property
    def values(self) -> list[str]:
        return [self.root, *(node.output[0] for node in self.inside)]


class _Widening:
    """Changes a graph in place."""

    def __init__(self, graph: GraphProto, multiple: int) -> None:
        self.graph, self.multiple = graph, multiple
        self.weights = {one.name: one for one in graph.initializer}
        self.made_by = {name: node for node in graph.node for name in node.output}
        self.read_by: dict[str, list[NodeProto]] = defaultdict(list)
        for node in graph.node:
            for name in node.input:
                self.read_by[name].append(node)
        self.added: dict[str, list[NodeProto]] = defaultdict(list)
        """Nodes to stand behind what makes a value."""

    def run(self) -> bool:
        """Whether anything was changed."""
        changed = [self._widened(node) for node in list(self.graph.node) if self._wants(node)]
        if any(changed):
            self._settle()
        return any(changed)

    def _wants(self, node: NodeProto) -> bool:
        return self._is_depthwise(node) and _group(node) % self.multiple > 0

    def _widened(self, node: NodeProto) -> bool:
        stretch = self._stretch(self._root(node))
        if {one.name for one in self.graph.output} & set(stretch.values):
            return False  # its shape is the file's promise
        extra = -_group(node) % self.multiple
        self._give(stretch, extra)
        for one in stretch.inside:
            self._widen_inside(one, extra)
        for one in stretch.ends:
            self._pad(one, 1, 1, extra)
        self._narrow(stretch, _group(node) - extra)
        return True

    def _root(self, node: NodeProto) -> str:
        name: str = node.input[0]
        while (made_by := self.made_by.get(name)) is not None and self._is_inside(made_by):
            name = made_by.input[0]
        return name

    def _stretch(self, root: str) -> _Stretch:
        found, waiting = _Stretch(root), [root]
        while waiting:
            name = waiting.pop()
            for reader in self.read_by[name]:
                if reader.input[0] == name and self._is_inside(reader):
                    found.inside.append(reader)
                    waiting.append(reader.output[0])
                elif reader.input[0] == name and self._is_dense(reader):
                    found.ends.append(reader)
                else:
                    found.outside.add(name)
        return found

    def _give(self, stretch: _Stretch, extra: int) -> None:
        """Makes the root as wide: the convolution that gives it, where nobody else reads it, or a node behind it."""
        root, made_by = stretch.root, self.made_by.get(stretch.root)
        if made_by is not None and self._is_dense(made_by) and root not in stretch.outside:
            self._pad(made_by, 1, 0, extra)
            self._pad(made_by, 2, 0, extra)
            return
        from onnx import helper

        wide = f"{root}_wide"
        inputs = [root, self._constant(f"{wide}_pads", [0, extra]), "", self._constant(f"{wide}_axes", [1])]
        self.added[root].append(helper.make_node("Pad", inputs, [wide], name=wide))
        self._rename([*stretch.inside, *stretch.ends], root, wide)
        stretch.outside.discard(root)

    def _widen_inside(self, node: NodeProto, extra: int) -> None:
        if node.op_type == BATCHNORM:
            for at in range(1, 5):
                self._pad(node, at, 0, extra, 1 if at == 4 else 0)  # a variance of 0 and no eps would divide by it
        elif node.op_type == "Conv":
            self._pad(node, 1, 0, extra)
            self._pad(node, 2, 0, extra)
            next(one for one in node.attribute if one.name == "group").i += extra

    def _narrow(self, stretch: _Stretch, channels: int) -> None:
        """What others read of the stretch, without the channels that were added."""
        from onnx import helper

        inside = [*stretch.inside, *stretch.ends]
        for name in stretch.outside:
            narrow = f"{name}_narrow"
            ends = [
                self._constant(f"{narrow}_{what}", [at]) for what, at in (("from", 0), ("to", channels), ("axis", 1))
            ]
            self.added[name].append(helper.make_node("Slice", [name, *ends], [narrow], name=narrow))
            self._rename([one for one in self.read_by[name] if one not in inside], name, narrow)

    def _rename(self, nodes: Sequence[NodeProto], old: str, new: str) -> None:
        for node in nodes:
            node.input[:] = [new if name == old else name for name in node.input]

    def _pad(self, node: NodeProto, at: int, axis: int, extra: int, value: int = 0) -> None:
        """Gives the node another input there, `extra` longer along `axis`; nothing where it has none."""
        import numpy as np
        from onnx import numpy_helper

        if len(node.input) <= at or not node.input[at]:
            return
        old = numpy_helper.to_array(self.weights[node.input[at]])
        by = [(0, extra if one == axis else 0) for one in range(old.ndim)]
        new = numpy_helper.from_array(np.pad(old, by, constant_values=value), f"{node.input[at]}_of_{node.output[0]}")
        self.graph.initializer.append(new)
        self.weights[new.name] = self.graph.initializer[-1]
        node.input[at] = new.name

    def _constant(self, name: str, values: Sequence[int]) -> str:
        import numpy as np
        from onnx import numpy_helper

        self.graph.initializer.append(numpy_helper.from_array(np.asarray(values, dtype=np.int64), name))
        return name

    def _settle(self) -> None:
        """Puts the new nodes in order, and drops weights that nobody reads and shapes that may not hold."""
        nodes = [*self._in_order()]
        del self.graph.node[:], self.graph.value_info[:]
        self.graph.node.extend(nodes)
        read = {name for node in nodes for name in node.input} | {one.name for one in self.graph.output}
        kept = [one for one in self.graph.initializer if one.name in read]
        del self.graph.initializer[:]
        self.graph.initializer.extend(kept)

    def _in_order(self) -> Iterator[NodeProto]:
        for one in self.graph.input:
            yield from self.added[one.name]
        for node in self.graph.node:
            yield node
            for name in node.output:
                yield from self.added[name]

    def _is_inside(self, node: NodeProto) -> bool:
        """Whether it treats every channel by itself, by weights that are known."""
        if node.op_type == BATCHNORM:
            return len(node.output) == 1 and all(name in self.weights for name in node.input[1:])
        return node.op_type in ELEMENTWISE or self._is_depthwise(node)

    def _is_depthwise(self, node: NodeProto) -> bool:
        weight = self._weight(node)
        return weight is not None and 1 < _group(node) == weight[0] and weight[1] == 1

    def _is_dense(self, node: NodeProto) -> bool:
        return self._weight(node) is not None and _group(node) == 1

    def _weight(self, node: NodeProto) -> tuple[int, ...] | None:
        """The shape of a convolution's weight where that and its bias are known and float32."""
        from onnx import TensorProto

        if node.op_type != "Conv" or any(name not in self.weights for name in node.input[1:] if name):
            return None
        weight = self.weights[node.input[1]]
        return tuple(weight.dims) if weight.data_type == TensorProto.FLOAT else None


def _group(node: NodeProto) -> int:
    return next((int(one.i) for one in node.attribute if one.name == "group"), 1)
