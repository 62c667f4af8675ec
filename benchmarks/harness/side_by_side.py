"""The same comparison of two GELUs in four tools: lines to write, seconds to the table, and how it ended.

    python -m benchmarks.harness.side_by_side [--rounds 3]

Each is a program of its own under examples/side_by_side, started in turns, its imports and what it compiles included;
what Inductor has cached from the first round it has in the others too. Lines are those that are not blank. Nothing else
should run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

FOLDER = Path(__file__).parents[2] / "examples" / "side_by_side"
PROGRAMS = ("gelu_opbench.py", "gelu_torch_benchmark.py", "test_gelu_pytest_benchmark.py", "gelu_triton.py")


def command(file: Path) -> list[str]:
    if not file.name.startswith("test_"):
        return [sys.executable, str(file)]
    options = ("-q", "-p", "no:cacheprovider", "--rootdir", str(FOLDER), "-c", "/dev/null")
    return [sys.executable, "-m", "pytest", *options, str(file)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    ended: dict[str, str] = {}
    for _ in range(rounds):
        for name in PROGRAMS:
            began = time.monotonic()
            run = subprocess.run(command(FOLDER / name), capture_output=True, text=True, check=False)
            seconds[name].append(time.monotonic() - began)
            failed = (run.stderr or run.stdout).strip().splitlines()[-1:] or ["no output"]
            ended[name] = "" if run.returncode == 0 else f"exit {run.returncode}: {failed[0][:80]}"
    for name, taken in seconds.items():
        lines = sum(bool(line.strip()) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines())
        times = ", ".join(f"{one:.1f}" for one in taken)
        print(f"{name:30} {lines:3} lines  {median(taken):5.1f} s ({times})  {ended[name]}")


if __name__ == "__main__":
    main()
