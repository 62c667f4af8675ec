"""What spreading a sweep saves: one device beside two of the same host, processors of their own, in turns.

    python -m benchmarks.harness.several_devices [--rounds 3] [--budget 2]

A sweep of eight points by two backends, each sampled for the whole budget, with `--devices cpu:A` and with
`--devices cpu:A,cpu:B`. Prints for each round the seconds of both and their ratio: of the command from its start to its
report, and of measuring alone, as the command says it. Records of both have to have the same keys.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from opbench.store.runs import latest_run

WORDS = (
    *("sweep", "channels", "--operator", "cross_hadamard", "--backend", "torch_eager,torch_select"),
    *("--channels", "8,16,32,64", "--edge", "14", "--batch", "1,2", "--target", "0.001", "--device", "cpu"),
)
MEASURING = re.compile(r"wall time ([0-9.]+) s on")


def swept(devices: Sequence[str], budget_s: float, results: Path) -> tuple[float, float, set[str]]:
    """Seconds of the command and of measuring alone, and the keys of its records."""
    words = [*WORDS, "--budget", str(budget_s), "--devices", ",".join(devices), "--results", str(results)]
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "opbench", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OPBENCH_CONTENTION": "ignore"},
        check=False,
    )
    command_s = time.monotonic() - began
    told = MEASURING.search(ended.stderr)
    if told is None:
        raise SystemExit(ended.stderr)
    return command_s, float(told[1]), {record.case.key for record in latest_run(results, "channels").records()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--budget", type=float, default=2.0)
    asked = parser.parse_args()
    cpus = sorted(os.sched_getaffinity(0))
    one, two = [f"cpu:{cpus[0]}"], [f"cpu:{cpus[0]}", f"cpu:{cpus[-1]}"]
    of_commands, of_measuring = [], []
    for number in range(asked.rounds):
        with TemporaryDirectory() as folder:
            alone = swept(one, asked.budget, Path(folder, "one"))
            both = swept(two, asked.budget, Path(folder, "two"))
        of_commands.append(both[0] / alone[0])
        of_measuring.append(both[1] / alone[1])
        print(
            f"round {number}: command {alone[0]:.1f} and {both[0]:.1f} s ({of_commands[-1]:.3f}), measuring "
            f"{alone[1]:.1f} and {both[1]:.1f} s ({of_measuring[-1]:.3f}), same keys: {alone[2] == both[2]}",
            flush=True,
        )
    print(f"two devices take {median(of_measuring):.3f} of one's time to measure, {median(of_commands):.3f} in all")


if __name__ == "__main__":
    main()
