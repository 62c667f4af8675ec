"""Whole models end to end: Hadaptive-Net beside nineteen others, in three runtimes (Tables 4 and 7, figure 1), and SSD
on the smallest of either kind (Table 6), without suppression of boxes and with it; the sweep `detectors` has all five.

On a CPU all models at batch 1 in all runtimes with two threads, Hadaptive-Nets also with one and at batch 4, and the
operator inside them at its own shapes, from which their gain is predicted. torch_compile, which compiles for minutes,
is added by `--backend torch_compile`, and so are its ways to hold weights as constants (`torch_compile:frozen`).
Samples are led by an untimed call, because every runtime has threads of its own.
"""

from opbench import Every, Grid, Sweep
from sweeps.detectors import end_to_end

NETWORKS = ("hadaptive_s", "hadaptive_m", "hadaptive_l")

OTHERS = (
    *("mobilenetv3_small_100", "mobilenetv3_large_100"),
    *("mobilenetv4_conv_small", "mobilenetv4_conv_medium", "mobilenetv4_conv_large"),
    *("mobileone_s0", "mobileone_s1", "mobileone_s2", "mobileone_s3"),
    *("starnet_s1", "starnet_s2", "starnet_s3", "starnet_s4"),
    *("ghostnet_100", "ghostnetv3_100", "shufflenet_v2_x1_0"),
    *("mobilevit_xxs", "mobilevit_xs", "mobilevit_s"),
)

RUNTIMES = ("torch_eager", "ort_stock")
SERVED = (*RUNTIMES, "openvino")
"""What whole classifiers are served by where nothing of ours is inside."""
OURS = ("cpp_ext", "ort_custom")
FUSED = ("fused", "ort_fused")
"""Of Hadaptive-Nets: the whole network in one call of ours."""
PUBLISHED = ("cpp_ext:direct", "cpp_ext:balanced", "ort_custom:direct", "ort_custom:balanced")
ON_GPU = ("torch_eager", "cuda_graph", "ort_stock")

# (channels, edge, selected, batchnorm) of every ACH in the three networks at 224x224.
PARTS = (
    *((96, 14, 16, 0), (128, 7, 32, 0)),
    *((128, 14, 24, 0), (128, 14, 24, 1), (192, 7, 36, 0), (192, 7, 36, 1)),
    *((192, 14, 32, 0), (192, 14, 32, 1), (256, 7, 36, 0), (256, 7, 36, 1), (256, 3, 36, 0), (256, 3, 36, 1)),
)

THREADS = (1, 2)

BATCH = 4
"""Beside 1. At batch 8 two scores of Hadaptive-Net-L lie within rounding, and the reference refuses the point."""


def part(channels: int, edge: int, selected: int, batchnorm: int) -> tuple[Grid, Grid]:
    """One of them, in every runtime and wherever the networks are measured."""
    held = {"channels": channels, "edge": edge, "selected": selected, "batchnorm": batchnorm}
    one, several = (
        Grid(
            operators=("ach_select_expand",),
            axes={"batch": (batch,), "threads": threads},
            held=held,
            backends=(*RUNTIMES, *OURS),
            device="cpu",
        )
        for batch, threads in ((1, THREADS), (BATCH, (2,)))
    )
    return one, several


def networks(operators: tuple[str, ...], backends: tuple[str, ...], batch: int, threads: tuple[int, ...]) -> Grid:
    axes = {"batch": (batch,), "edge": (224,), "threads": threads}
    return Grid(operators=operators, axes=axes, backends=backends, device="cpu")


SWEEP = Sweep(
    question="How quick are whole models in PyTorch, ONNX Runtime and OpenVINO, and with our operators inside?",
    grids=(
        networks(NETWORKS[:2], (*SERVED, *OURS, *FUSED), 1, THREADS),
        networks(NETWORKS[2:], (*SERVED, *PUBLISHED, *OURS, *FUSED), 1, THREADS),
        networks(NETWORKS, (*SERVED, *OURS, *FUSED), BATCH, (2,)),
        *(grid for one in PARTS for grid in part(*one)),
        Grid(
            operators=OTHERS,
            axes={"batch": (1,), "edge": (224,), "threads": (2,)},
            backends=SERVED,
            device="cpu",
        ),
        end_to_end(("ssd_hadaptive_s",), (*RUNTIMES, "ort_custom")),
        end_to_end(("ssd_mobilenetv3_small_100",), RUNTIMES),
        Grid(
            operators=NETWORKS,
            axes={"batch": (1, 16), "edge": (224,), "threads": (0,)},
            backends=(*ON_GPU, Every("kernels"), "cpp_ext:direct", "cpp_ext:balanced"),
            device="cuda",
        ),
        Grid(
            operators=OTHERS,
            axes={"batch": (1, 16), "edge": (224,), "threads": (0,)},
            backends=ON_GPU,
            device="cuda",
        ),
    ),
    clocks={"cpu": "wall:led"},
    budget_s=1.0,
)
