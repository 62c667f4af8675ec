"""What some threads have of the caches: `opbench ceilings` asks this first, and keeps the middle of the answers."""

from opbench import Grid, Sweep

SWEEP = Sweep(
    question="How much of the caches can these threads use, and from which size on do stores around them pay?",
    grids=(
        Grid(
            operators=("stores",),
            axes={},
            held={"kib": 4096},
            backends=("compared",) * 3,
            modes=("out",),
            device="cpu",
        ),
    ),
    budget_s=0.07,
)
