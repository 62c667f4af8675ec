"""The sizes of a bottleneck at one point, and which combinations of axes there are."""

from __future__ import annotations

from dataclasses import dataclass

from impls.hadaptive.blocks import depthwise_kernel
from impls.threads import THREADS
from opbench import Axes, Axis
from opbench.errors import UsageError

LAYOUT = Axis(
    "layout",
    "of x in memory; the output may have either",
    default="channels_last",
    choices=("channels_last", "channels_first"),
)


def axes_with(*own: Axis) -> tuple[Axis, ...]:
    """Those of every bottleneck, an operator's own between them."""
    return (
        Axis("batch", "samples", default=1, minimum=0),
        Axis("channels", "input channels C", default=128),
        Axis("out_channels", "output channels; as many as C at stride 1 add the input", default=128),
        Axis("edge", "height and width of the input", default=14),
        *own,
        Axis("kernel", "edge of the depthwise kernel; 2 at stride 2", default=5),
        Axis("stride", "of the depthwise convolution", default=1),
        LAYOUT,
        THREADS,
    )


@dataclass(frozen=True)
class Geometry:
    """batch samples of channels x edge x edge, expanded to `expanded` channels, filtered in space, projected."""

    batch: int
    channels: int
    out_channels: int
    edge: int
    expanded: int
    kernel: int
    stride: int

    @property
    def before(self) -> int:
        """Rows of zeros above the map, and columns to its left, as `hadaptive.blocks.CNA` pads."""
        return (self.kernel - 1) // 2

    @property
    def behind(self) -> int:
        """Below and to the right: an even kernel at stride 1 sees one more, so that the edge stays."""
        return self.before + (self.stride == 1 and self.kernel % 2 == 0)

    @property
    def out_edge(self) -> int:
        return (self.edge + self.before + self.behind - self.kernel) // self.stride + 1

    @property
    def residual(self) -> bool:
        """Whether the input is added to the output."""
        return self.stride == 1 and self.channels == self.out_channels

    @property
    def pixels(self) -> int:
        """Of the whole batch's input; `out_pixels` of its output."""
        return self.batch * self.edge**2

    @property
    def out_pixels(self) -> int:
        return self.batch * self.out_edge**2


def geometry(axes: Axes, expanded: int) -> Geometry:
    """Raises UsageError for a kernel that a stride has not, and for a map without a single window."""
    sizes = axes["batch"], axes["channels"], axes["out_channels"], axes["edge"]
    made = Geometry(*sizes, expanded, axes["kernel"], axes["stride"])
    if made.kernel != depthwise_kernel(made.kernel, made.stride):
        expected = depthwise_kernel(made.kernel, made.stride)
        raise UsageError(f"kernel is {made.kernel} at stride {made.stride}; a bottleneck has kernel {expected} there")
    if made.out_edge < 1:
        padded = made.edge + made.before + made.behind
        raise UsageError(
            f"edge is {made.edge}, {padded} with its padding; expected at least the kernel's {made.kernel}"
        )
    return made
