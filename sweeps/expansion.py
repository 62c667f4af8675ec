"""Figure 6's axis: 64 channels widened 4 to 24 times. The paper's map is 224x224: `--edge 224`."""

from opbench import Grid, Sweep

SWEEP = Sweep(
    question="What does each further widening of 64 channels cost, from 4x to 24x?",
    grids=(
        Grid(
            operators=("pointwise", "ghost", "ach"),
            axes={"batch": (1,), "channels": (64,), "edge": (56,), "expansion": (4, 8, 12, 16, 20, 24)},
        ),
    ),
)
