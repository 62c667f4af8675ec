"""Figure 5's axis: what widening a feature map costs as the map gets more channels."""

from opbench import Grid, Sweep

SWEEP = Sweep(
    question="What does a 4x expansion cost from 16 to 512 channels, and the cross-Hadamard product over 4 to 128?",
    grids=(
        Grid(
            operators=("cross_hadamard",),
            axes={"batch": (1,), "edge": (28,), "channels": (4, 8, 16, 32, 64, 128)},
        ),
        Grid(
            operators=("pointwise", "ghost", "ach"),
            axes={"batch": (1,), "edge": (28,), "expansion": (4,), "channels": (16, 32, 64, 128, 256, 512)},
        ),
    ),
)
