"""What the public function costs over calling the backend's kernel directly, at a shape with next to no work.

python -m benchmarks.kernels.dispatch

The kernel alone, the public function without and with a gradient to track, and the torch.library operator take turns,
sample by sample, in one process.
"""

from __future__ import annotations

from functools import partial

import torch

from impls.cross_hadamard.functional import cross_hadamard
from impls.cross_hadamard.kernels import resolve
from opbench.measure.timing.sampler import measure
from opbench.measure.timing.stopping import Precision
from opbench.measure.timing.wall import WallClock
from opbench.vocabulary.interval import median_interval

BACKENDS = ("cpp_ext", "torch_select")


def main() -> None:
    x, tracked = torch.randn(1, 2, 1, 1), torch.randn(1, 2, 1, 1, requires_grad=True)
    print("us over the kernel called directly, medians [95 % interval]; x (1, 2, 1, 1), float32")
    for backend in BACKENDS:
        launches = {
            "kernel": partial(resolve(backend, "cpu")[0].forward, x, None, None, ""),
            "public function": partial(cross_hadamard, x, backend=backend),
            "with a gradient to track": partial(cross_hadamard, tracked, backend=backend),
            "torch.ops.opbench": partial(torch.ops.opbench.cross_hadamard.default, x, None, backend),
        }
        found = measure(launches, WallClock(), lambda: Precision(target=0.01, budget_s=2.0))
        medians = {name: median_interval(samples.samples_s) for name, samples in found.items()}
        kernel = medians.pop("kernel")
        print(f"{backend:13} kernel itself {kernel.mid * 1e6:.2f} us")
        for name, one in medians.items():
            low, mid, high = (
                1e6 * each for each in (one.low - kernel.high, one.mid - kernel.mid, one.high - kernel.low)
            )
            print(f"  {name:26} +{mid:5.2f} [{low:5.2f}, {high:5.2f}]")


if __name__ == "__main__":
    main()
