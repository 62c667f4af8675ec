"""Whole models end to end: Hadaptive-Net beside nineteen others, in two runtimes (Tables 4 and 7, figure 1).

On a CPU all models at batch 1 in both runtimes with two threads, Hadaptive-Nets also with one and at batch 8, and the
operator inside them at its own shapes, from which their gain is predicted. torch_compile, which compiles for minutes,
is added by `--backend torch_compile`. Samples are led by an untimed call, because every runtime has threads of its own.
"""

from opbench import Grid, Sweep

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
OURS = ("cpp_ext", "ort_custom")
PUBLISHED = ("cpp_ext:direct", "cpp_ext:balanced", "ort_custom:direct", "ort_custom:balanced")
ON_GPU = ("torch_eager", "cuda_graph", "ort_stock")
KERNELS_ON_GPU = ("cpp_ext", "cupy_raw", "triton_jit")

# (channels, edge, selected, batchnorm) of every ACH in the three networks at 224x224.
PARTS = (
    *((96, 14, 16, 0), (128, 7, 32, 0)),
    *((128, 14, 24, 0), (128, 14, 24, 1), (192, 7, 36, 0), (192, 7, 36, 1)),
    *((192, 14, 32, 0), (192, 14, 32, 1), (256, 7, 36, 0), (256, 7, 36, 1), (256, 3, 36, 0), (256, 3, 36, 1)),
)

THREADS = (1, 2)


def part(channels: int, edge: int, selected: int, batchnorm: int) -> Grid:
    """One of them, in every runtime and with every number of threads that the networks are measured with."""
    return Grid(
        operators=("ach_select_expand",),
        axes={"threads": THREADS},
        held={"batch": 1, "channels": channels, "edge": edge, "selected": selected, "batchnorm": batchnorm},
        backends=(*RUNTIMES, *OURS),
        device="cpu",
    )


def networks(backends: tuple[str, ...], **axes: tuple[int, ...]) -> Grid:
    return Grid(operators=NETWORKS, axes={"batch": (1,), "edge": (224,), **axes}, backends=backends, device="cpu")


SWEEP = Sweep(
    question="How quick are whole models in PyTorch and ONNX Runtime, with our operator inside and beside others?",
    grids=(
        # Before the others: of a point that comes twice, the first is measured.
        Grid(
            operators=("hadaptive_l",),
            axes={"batch": (1,), "edge": (224,), "threads": (2,)},
            backends=(*RUNTIMES, *PUBLISHED, *OURS),
            device="cpu",
        ),
        networks((*RUNTIMES, *OURS), threads=THREADS),
        networks((*RUNTIMES, *OURS), threads=(2,), batch=(8,)),
        *(part(*one) for one in PARTS),
        Grid(
            operators=OTHERS,
            axes={"batch": (1,), "edge": (224,), "threads": (2,)},
            backends=RUNTIMES,
            device="cpu",
        ),
        Grid(
            operators=NETWORKS,
            axes={"batch": (1, 16), "edge": (224,), "threads": (0,)},
            backends=(*ON_GPU, *KERNELS_ON_GPU, "cpp_ext:direct", "cpp_ext:balanced"),
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
