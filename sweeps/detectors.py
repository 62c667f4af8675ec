"""SSD on five backbones end to end (Table 6 without its accuracy): scores and offsets alone, and with boxes suppressed.

At the paper's 320x320, one image, two threads, in eager PyTorch and ONNX Runtime; Hadaptive-Nets with our operator
library too. Samples are led by an untimed call, because every runtime has threads of its own.
"""

from opbench import Grid, Sweep

HADAPTIVE = ("ssd_hadaptive_s", "ssd_hadaptive_m", "ssd_hadaptive_l")
OTHERS = ("ssd_mobilenetv2_100", "ssd_mobilenetv3_small_100")

RUNTIMES = ("torch_eager", "ort_stock")


def end_to_end(operators: tuple[str, ...], backends: tuple[str, ...]) -> Grid:
    """To scores and offsets, and to boxes."""
    axes = {"batch": (1,), "edge": (320,), "nms": (False, True), "threads": (2,)}
    return Grid(operators=operators, axes=axes, backends=backends, device="cpu")


SWEEP = Sweep(
    question="How quick are detectors in PyTorch and ONNX Runtime, and what do their boxes take?",
    grids=(end_to_end(HADAPTIVE, (*RUNTIMES, "ort_custom")), end_to_end(OTHERS, RUNTIMES)),
    clocks={"cpu": "wall:led"},
    budget_s=1.0,
)
