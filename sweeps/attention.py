"""Softmax self-attention and Poly-SA over tokens, at one width: quadratic and linear, and where they cross.

Attention ends where a call takes a second, not where memory does: with its float64 reference, 65,536 tokens would take
minutes. The forms that hold every score end at 4,096.
"""

from opbench import Grid, Sweep

TOKENS = tuple(2**power for power in range(6, 17))
SHAPE = {"batch": (1,), "width": (64,), "heads": (4,)}

SWEEP = Sweep(
    question="From how many tokens on is Poly-SA quicker than softmax attention, and how do both grow?",
    grids=(
        Grid(operators=("self_attention",), axes={**SHAPE, "tokens": tuple(n for n in TOKENS if n <= 4096)}),
        Grid(
            operators=("self_attention",),
            axes={**SHAPE, "tokens": (8192, 16384)},
            backends=("torch_sdpa",),
        ),
        Grid(operators=("poly_sa",), axes={**SHAPE, "tokens": TOKENS}),
    ),
)
