"""Pi-Nets over samples, at the survey's sizes, and over their degree: from a handful of calls to a matrix product."""

from opbench import Grid, Sweep

_SIZES = {"features": (784,), "hidden": (16,), "classes": (10,)}

SWEEP = Sweep(
    question="What does a polynomial network cost, in samples and in degrees?",
    grids=(
        Grid(
            operators=("pi_net",),
            axes={"batch": (1, 16, 256, 4096), "degree": (4,), "form": ("ncp", "ccp"), **_SIZES},
        ),
        Grid(
            operators=("pi_net",),
            axes={"batch": (256,), "degree": (2, 8, 16), "form": ("ncp",), **_SIZES},
        ),
    ),
)
