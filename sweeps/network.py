"""Hadaptive-Net end to end: every backend of the product inside the same network, forward and a training step.

Without torch_compile, which compiles for a minute or more at each point; `--backend torch_compile` adds it.
"""

from opbench import Every, Grid, Sweep

NETWORKS = ("hadaptive_s", "hadaptive_m", "hadaptive_l")

ON_CPU: tuple[str | Every, ...] = ("auto", Every("kernels"), Every("framework"))

ON_GPU: tuple[str | Every, ...] = (
    "auto",
    "torch_eager",
    *(Every("kernels", schedule) for schedule in ("", "direct", "balanced")),
    "cuda_graph",
    "cuda_graph:torch_eager",
)

SWEEP = Sweep(
    question="How much faster is the whole network for a faster cross-Hadamard product, forward and in training?",
    grids=(
        Grid(operators=NETWORKS, axes={"batch": (1, 4), "edge": (224,)}, backends=ON_CPU, device="cpu"),
        Grid(
            operators=NETWORKS, axes={"batch": (4,), "edge": (224,)}, backends=ON_CPU, modes=("backward",), device="cpu"
        ),
        Grid(operators=NETWORKS, axes={"batch": (1, 16, 64), "edge": (224,)}, backends=ON_GPU, device="cuda"),
        Grid(
            operators=NETWORKS,
            axes={"batch": (64,), "edge": (224,)},
            backends=ON_GPU,
            modes=("backward",),
            device="cuda",
        ),
    ),
)
