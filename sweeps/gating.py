"""f(gate) * value at the widths of small and middle language models, over tokens: from the caches into memory."""

from opbench import Grid, Sweep

SWEEP = Sweep(
    question="What does a gated product cost, from a few tokens to a long prompt?",
    grids=(
        Grid(
            operators=("gated_product",),
            axes={"tokens": (1, 16, 128, 1024, 4096), "width": (688, 2752), "form": ("silu",), "packed": (0,)},
        ),
        Grid(
            operators=("gated_product",),
            axes={
                "tokens": (1024,),
                "width": (2752,),
                "form": ("gelu", "gelu_tanh", "sigmoid", "relu"),
                "packed": (0,),
            },
        ),
        Grid(
            operators=("gated_product",), axes={"tokens": (1024,), "width": (2752,), "form": ("silu",), "packed": (1,)}
        ),
    ),
)
