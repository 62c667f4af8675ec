"""Figure 7's three planes: every schedule over batch, channels and edge, two at a time.

On a GPU every 4th point of the figure; `--batch`, `--channels` and `--edge` choose another density. One value holds
the axis at it, several are the axis's own values in the planes that have it. A CPU gets every 8th point of channels
and edge, batches up to 11 and the rest held lower: the largest outputs of the full figure take it seconds a call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opbench import Every, Grid, Point, Sweep

LARGEST_ON_CPU = 128 << 20

SCHEDULES = ("direct", "balanced", "flat", "blocked")

ON_CPU = tuple(Every("kernels", schedule) for schedule in SCHEDULES)

ON_GPU: tuple[str | Every, ...] = (*ON_CPU, "torch_eager")
"""Without torch_compile, which compiles for seconds at every point; `--backend` adds it."""


def too_large(point: Point) -> str | None:
    """On a CPU no output beyond the limit; on a GPU memory decides, and the harness asks it."""
    batch, channels, edge = (point.axes[name] for name in ("batch", "channels", "edge"))
    itemsize = {"float64": 8, "float32": 4}.get(point.dtype, 2)
    size = batch * channels * (channels - 1) // 2 * edge * edge * itemsize
    if point.device != "cpu" or size <= LARGEST_ON_CPU:
        return None
    return f"the output is larger than {LARGEST_ON_CPU >> 20} MiB, where this sweep stops on a CPU"


def planes(
    device: str, backends: tuple[str | Every, ...], axes: Mapping[str, Sequence[int]], held: Mapping[str, int]
) -> tuple[Grid, ...]:
    """A grid over every two of the three axes, with the third held."""
    return tuple(
        Grid(
            operators=("cross_hadamard",),
            axes={name: tuple(values) for name, values in axes.items() if name != third},
            held={third: held[third]},
            device=device,
            backends=backends,
            skip=too_large,
        )
        for third in ("channels", "batch", "edge")
    )


SWEEP = Sweep(
    question="Which backend and schedule is fastest where, over batch x edge, channels x edge and batch x channels?",
    grids=(
        *planes(
            "cuda",
            ON_GPU,
            axes={"batch": range(1, 65, 4), "channels": range(3, 67, 4), "edge": range(1, 65, 4)},
            held={"batch": 64, "channels": 64, "edge": 64},
        ),
        # No held value is among its axis's own values, so that the planes do not run into each other.
        *planes(
            "cpu",
            ON_CPU,
            axes={"batch": range(1, 12, 2), "channels": range(3, 60, 8), "edge": range(1, 58, 8)},
            held={"batch": 4, "channels": 64, "edge": 28},
        ),
    ),
    budget_s=0.05,
)
