"""Every shape the C++ kernels are held to.

32 shapes, of which those over 256 MiB of output are left out; `benchmarks/kernels/cpu_kernels.py` sums the run up.
"""

from opbench import Grid, Point, Sweep

LARGEST = 256 << 20

BATCHES, CHANNELS, EDGES = (1, 8), (16, 32, 64, 128), (7, 14, 28, 56)


def output_bytes(batch: int, channels: int, edge: int) -> int:
    """Bytes of a float32 cross-Hadamard product."""
    return batch * channels * (channels - 1) // 2 * edge * edge * 4


def too_large(point: Point) -> str | None:
    size = output_bytes(point.axes["batch"], point.axes["channels"], point.axes["edge"])
    return f"output of {size >> 20} MiB, this sweep stops at {LARGEST >> 20} MiB" if size > LARGEST else None


SWEEP = Sweep(
    question="Is the C++ extension ahead of torch.compile and of eager at every shape?",
    grids=(
        Grid(
            operators=("cross_hadamard",),
            axes={"batch": BATCHES, "channels": CHANNELS, "edge": EDGES},
            skip=too_large,
        ),
    ),
)
