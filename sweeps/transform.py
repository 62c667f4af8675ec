"""Hadamard transforms against a product with their matrix, from a row of 32 elements to one of 8,192."""

from opbench import Every, Grid, Sweep

SWEEP = Sweep(
    question="From which size on is a fast Hadamard transform quicker than a product with its matrix, and by how much?",
    grids=(
        Grid(
            operators=("hadamard_transform",),
            axes={"size": (32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)},
            held={"rows": 2048},
            backends=(Every("kernels"), Every("framework"), Every("compiler")),
        ),
    ),
    budget_s=0.3,
)
