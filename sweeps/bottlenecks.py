"""Maps, kernels and batches at one width, and every bottleneck of Hadaptive-Net-S, -M and -L at 224x224.

x comes in both layouts: the parts and the runtimes are quicker with the channels first, the fused kernels with them
last, and what brings one into the other is in a backend's time.
"""

from opbench import Grid, Sweep

LAYOUTS = ("channels_last", "channels_first")

BESIDE: dict[str, tuple[int, ...]] = {
    "batch": (1,),
    "channels": (128,),
    "out_channels": (128,),
    "edge": (14,),
    "kernel": (5,),
    "threads": (0,),
}
"""The shape that maps, kernels and batches are varied of, one at a time; its other axes are the operators' defaults."""

ACH = (
    (96, 14, 16, 5, (0,)),
    (128, 7, 32, 7, (0,)),
    (128, 14, 24, 5, (0, 1)),
    (192, 7, 36, 7, (0, 1)),
    (192, 14, 32, 5, (0, 1)),
    (256, 7, 36, 7, (0, 1)),
    (256, 3, 36, 7, (0, 1)),
)
"""channels in and out, edge, selected, kernel, and which of the pairs' normalisers there are, at stride 1."""

GHOST = (
    (32, 64, 56, 4.0, 2, 2),
    (64, 64, 28, 2.0, 3, 1),
    (64, 96, 28, 4.0, 2, 2),
    (96, 96, 14, 2.0, 5, 1),
    (96, 128, 14, 6.0, 2, 2),
    (48, 80, 56, 4.0, 2, 2),
    (80, 80, 28, 2.0, 3, 1),
    (80, 128, 28, 6.0, 2, 2),
    (128, 128, 14, 4.0, 5, 1),
    (128, 192, 14, 6.0, 2, 2),
    (48, 96, 56, 4.0, 2, 2),
    (96, 96, 28, 4.0, 3, 1),
    (96, 192, 28, 4.0, 2, 2),
    (192, 192, 14, 4.0, 5, 1),
    (192, 256, 14, 4.0, 2, 2),
    (256, 256, 7, 4.0, 2, 2),
)
"""channels, out_channels, edge, ratio, kernel, stride."""

SWEEP = Sweep(
    question="What does a bottleneck gain where what it expands to is never written?",
    grids=(
        *(
            Grid(operators=("ach_bottleneck", "ghost_bottleneck"), axes={**BESIDE, **varied, "layout": LAYOUTS})
            for varied in ({"edge": (7, 14, 28, 56)}, {"kernel": (3, 5, 7)}, {"batch": (1, 8)})
        ),
        *(
            Grid(
                operators=("ach_bottleneck",),
                axes={
                    "batch": (1,),
                    "channels": (channels,),
                    "out_channels": (channels,),
                    "edge": (edge,),
                    "selected": (selected,),
                    "batchnorm": norms,
                    "kernel": (kernel,),
                    "layout": LAYOUTS,
                    "threads": (0,),
                },
            )
            for channels, edge, selected, kernel, norms in ACH
        ),
        *(
            Grid(
                operators=("ghost_bottleneck",),
                axes={
                    "batch": (1,),
                    "channels": (channels,),
                    "out_channels": (out_channels,),
                    "edge": (edge,),
                    "ratio": (ratio,),
                    "kernel": (kernel,),
                    "stride": (stride,),
                    "layout": LAYOUTS,
                    "threads": (0,),
                },
            )
            for channels, out_channels, edge, ratio, kernel, stride in GHOST
        ),
    ),
    budget_s=0.3,
)
