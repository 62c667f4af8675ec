"""Boxes of a detector from ten to 100,000: their overlaps, who survives suppression in 1 or 80 classes, their decoding.

Overlaps are quadratic: their matrix ends at MOST_BYTES, and the forms of suppression that make one at 10,000 boxes. At
100,000 only kernels that hold a box against those that are left are asked, torchvision's, which takes six seconds for
one class, in 80 classes alone.
"""

from opbench import Grid, Point, Sweep

MOST_BYTES = 64 << 20


def too_large(point: Point) -> str | None:
    """No matrix beyond the limit."""
    size = point.axes["boxes"] * point.axes["others"] * (8 if point.dtype == "float64" else 4)
    return None if size <= MOST_BYTES else f"the matrix is larger than {MOST_BYTES >> 20} MiB, where this sweep stops"


SWEEP = Sweep(
    question="What do overlaps, suppression and decoding of boxes cost, from ten boxes to 100,000?",
    grids=(
        Grid(
            operators=("box_iou",),
            axes={"boxes": (10, 100, 1000, 10_000, 100_000), "others": (10, 1000)},
            skip=too_large,
        ),
        Grid(operators=("nms",), axes={"boxes": (10, 100, 1000, 10_000), "classes": (1, 80)}),
        Grid(operators=("nms",), axes={"boxes": (100_000,), "classes": (1,)}, backends=("cpp_ext",), device="cpu"),
        Grid(
            operators=("nms",),
            axes={"boxes": (100_000,), "classes": (80,)},
            backends=("torchvision_nms", "cpp_ext"),
            device="cpu",
        ),
        Grid(operators=("box_decode",), axes={"batch": (1, 8, 64), "anchors": (12_804,), "clip": (320,)}),
    ),
    budget_s=0.3,
)
