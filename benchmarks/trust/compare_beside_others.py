"""Is what `opbench.compare` says beside other work right or marked? The same comparison quiet and beside each load.

    python -m benchmarks.trust.compare_beside_others [FOLDER]

As `beside_others` does for sweeps, with its loads and its lines, for four plain PyTorch callables of a user's, which
are no operator of ours, over 12 sizes. None without a mark may be 1.3 times off. About 4 minutes; nothing else should
run. FOLDER keeps the runs; what is there already is not measured again.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.trust.beside_others import tell
from opbench.vocabulary.record import Record

NAME = "activations"
AXES = {"rows": (17, 129, 1025), "columns": (64, 256, 1024, 4096)}


def compared(results: Path) -> list[Record]:
    """The records of one comparison in a process of its own, as a user's; those in `results` where there are some."""
    from opbench.store.runs import latest_run

    if not results.exists():
        command = [sys.executable, "-m", "benchmarks.trust.compare_beside_others", "--once", str(results)]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return latest_run(results, NAME).records()


def once(results: str) -> None:
    import torch
    from torch.nn import functional

    import opbench

    callables = {
        "gelu": functional.gelu,
        "gelu_by_tanh": lambda x: functional.gelu(x, approximate="tanh"),
        "gelu_by_erf": lambda x: 0.5 * x * (1 + torch.erf(x * 0.5**0.5)),
        "gelu_by_sigmoid": lambda x: x * torch.sigmoid(1.702 * x),
    }

    def inputs(rows: int, columns: int) -> torch.Tensor:
        return torch.linspace(-3.0, 3.0, rows * columns).view(rows, columns)

    opbench.compare(callables, inputs, AXES, tolerance=0.1, quiet=True).save(NAME, results)


def main() -> None:
    if sys.argv[1:2] == ["--once"]:
        once(sys.argv[2])
        return
    folder = Path(sys.argv[1] if sys.argv[1:] else mkdtemp(prefix="compare-beside-others-"))
    tell(folder, compared)


if __name__ == "__main__":
    main()
