"""From 7x7, where dispatch is everything, to 112x112, where memory is."""

from opbench import Grid, Sweep

SWEEP = Sweep(
    question="How does latency grow with the feature map's edge, at 64 channels?",
    grids=(
        Grid(
            operators=("cross_hadamard",),
            axes={"batch": (1,), "channels": (64,), "edge": (7, 14, 28, 56, 112)},
        ),
        Grid(
            operators=("pointwise", "ghost", "ach"),
            axes={"batch": (1,), "channels": (64,), "expansion": (4,), "edge": (7, 14, 28, 56, 112)},
        ),
    ),
)
