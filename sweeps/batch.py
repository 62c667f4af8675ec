"""Does the ranking of backends survive a larger batch?"""

from opbench import Grid, Sweep

SWEEP = Sweep(
    question="How does latency grow with the batch, at 64 channels of 14x14?",
    grids=(
        Grid(
            operators=("cross_hadamard",),
            axes={"channels": (64,), "edge": (14,), "batch": (1, 2, 4, 8, 16, 32)},
        ),
        Grid(
            operators=("pointwise", "ghost", "ach"),
            axes={"channels": (64,), "edge": (14,), "expansion": (4,), "batch": (1, 2, 4, 8, 16, 32)},
        ),
    ),
)
