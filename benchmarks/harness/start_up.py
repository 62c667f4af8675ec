"""How long `opbench --help` and `opbench ls` take: whole processes, twenty of each in turns.

    python -m benchmarks.harness.start_up [--processor]

`--processor` counts their processor's seconds, which other work on the machine lengthens less. Of `ls` the first one
keeps what it lists (`opbench.kept_listing`) and is not counted.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from time import perf_counter

from opbench.vocabulary.interval import median_interval

RUNS = 20
COMMANDS = (("--help",), ("ls",), ("ls", "--json"))


def once(words: tuple[str, ...], *, processor: bool) -> float:
    """Seconds from starting the interpreter to its end."""
    start, before = perf_counter(), os.times()
    subprocess.run([sys.executable, "-m", "opbench", *words], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    if processor:
        return after.children_user + after.children_system - before.children_user - before.children_system
    return perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.harness.start_up")
    parser.add_argument("--processor", action="store_true", help="seconds of the processor, not of the wall")
    processor = parser.parse_args().processor
    seconds: dict[tuple[str, ...], list[float]] = {words: [] for words in COMMANDS}
    for number in range(RUNS + 1):
        for words, kept in seconds.items():
            took = once(words, processor=processor)
            if number:
                kept.append(took)
    for words, kept in seconds.items():
        found = median_interval(kept)
        told = f"{found.mid:.3f} s [{found.low:.3f}, {found.high:.3f}], median of {RUNS}"
        print(f"opbench {' '.join(words)}: {told}")


if __name__ == "__main__":
    main()
