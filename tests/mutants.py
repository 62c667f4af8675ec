"""Code broken on purpose, a little at a time: how many of the breaks do the tests see?

    python -m tests.mutants [--each 60] [--seed 0] [--only gate/rule] [--least 0.85] [--again]

mutmut makes the mutants and runs, of every one, the tests that come to its function: which files and which tests stands
in pyproject.toml. Here as many of every file are drawn as were asked for, the same ones for the same seed, and what
survived is listed with what it changed. Exits with 1 where of a file fewer than `--least` were seen. A run that was
broken off goes on: what was seen is not tried again unless its function changed, what survived is.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

FOLDER = Path("mutants")
FIRST = "opbench.gate.decision.verdict.x_exit_code__mutmut_1"
"""Any one: mutmut makes all mutants before it tries what it was asked to."""

SURVIVED, UNTESTED, LATE = 0, 33, -24
"""Exit codes that mutmut keeps, the last one of tests that ran out of time; all others are of tests that failed."""

NOT_SEEN = {SURVIVED, UNTESTED, None}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=60, help="mutants of every file; 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="files whose path contains this")
    parser.add_argument("--least", type=float, default=0.85, help="share of the mutants that tests have to see")
    parser.add_argument("--again", action="store_true", help="begin anew, whatever an earlier run found")
    given = parser.parse_args()
    if given.again:
        shutil.rmtree(FOLDER, ignore_errors=True)
    _mutmut("run", FIRST)
    drawn = {file: names for file, names in _drawn(given.each, given.seed).items() if given.only in file}
    if not drawn:
        parser.error(f"no mutated file has {given.only!r} in its path; there are: {', '.join(_codes())}")
    before = _codes()
    if untold := [name for file, names in drawn.items() for name in names if before[file][name] in NOT_SEEN]:
        _mutmut("run", *untold)
    found = _codes()
    shares = [_tell(file, {name: found[file][name] for name in names}) for file, names in sorted(drawn.items())]
    return int(min(shares) < given.least)


def _mutmut(*words: str) -> None:
    ran = subprocess.run([str(Path(sys.executable).with_name("mutmut")), *words], check=False, capture_output=True)
    if ran.returncode:
        raise SystemExit(f"mutmut ended with {ran.returncode}:\n{ran.stdout.decode()[-3000:]}{ran.stderr.decode()}")


def _codes() -> dict[str, dict[str, int | None]]:
    """By file, the exit code of every mutant's tests; None where it was not tried."""
    found = {}
    for meta in sorted(FOLDER.glob("opbench/**/*.meta")):
        codes: dict[str, int | None] = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
        if codes:
            found[str(meta.relative_to(FOLDER).with_suffix(""))] = codes
    return found


def _drawn(each: int, seed: int) -> Mapping[str, Sequence[str]]:
    draw = random.Random(seed)
    names = {file: sorted(codes) for file, codes in _codes().items()}
    return {file: draw.sample(all_, min(each, len(all_))) if each else all_ for file, all_ in names.items()}


def _tell(file: str, codes: Mapping[str, int | None]) -> float:
    """One line, and what every survivor changed. Returns the share that was seen."""
    survived = [name for name, code in codes.items() if code in NOT_SEEN]
    share = 1 - len(survived) / len(codes)
    late = sum(code == LATE for code in codes.values())
    late_too = f", {late} of them by time that ran out" if late else ""
    print(f"{file}: {len(codes) - len(survived)} of {len(codes)} seen, {share:.0%}{late_too}", flush=True)
    for name in sorted(survived):
        shown = subprocess.run(
            [str(Path(sys.executable).with_name("mutmut")), "show", name], check=False, capture_output=True, text=True
        ).stdout.splitlines()
        print(f"    {name}{' (no test comes to it)' if codes[name] == UNTESTED else ''}")
        print("\n".join(f"        {line}" for line in shown if line[:1] in "+-" and line[:3] not in ("+++", "---")))
    return share


if __name__ == "__main__":
    sys.exit(main())
