"""Live runs of the gate, many times: how often it says what it should.

    python -m benchmarks.gate.live same 30 [antagonists]        this repository's 20 benchmarks, HEAD against itself
    python -m benchmarks.gate.live slower 20 5 3% [antagonists] kernels with 5 extra units of work in 100, tolerance 3 %

Each run is the command itself in a process of its own, with worktrees, dry runs, workers and confirmation. `slower`
makes a repository whose head does the extra work (benchmarks/gate/kernels; its size: benchmarks/gate/truth.py).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from time import monotonic
from typing import TypeAlias

from benchmarks.trust.antagonists import antagonists

ROOT = Path(__file__).parents[2]
KERNELS = ROOT / "benchmarks" / "gate" / "kernels" / "test_kernels.py"

GIT = shutil.which("git") or "git"

Run: TypeAlias = tuple[int, float, list[dict[str, object]]]


def one(folder: Path, *words: str) -> Run:
    """Exit code, seconds and the judgements of one run of the command in that folder."""
    began = monotonic()
    command = [sys.executable, "-m", "opbench", "gate", "--json", *words]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    if not lines:
        print(run.stderr, file=sys.stderr)
    return run.returncode, monotonic() - began, [line for line in lines if "benchmark" in line]


def same(folder: Path, runs: int) -> None:
    words = ["--base", "HEAD", "--head", "HEAD", "--results", str(folder)]
    _repeated(runs, lambda: one(ROOT, *words))


def slower(folder: Path, runs: int, extra: int, tolerance: str) -> None:
    repository = folder / "repository"
    _two_commits(repository, extra)
    words = ["bench", "--base", "HEAD~1", "--head", "HEAD", "--tolerance", tolerance, "--results", str(folder)]
    _repeated(runs, lambda: one(repository, *words))


def _two_commits(repository: Path, extra: int) -> None:
    text = KERNELS.read_text(encoding="utf-8")
    bench = repository / "bench" / "test_kernels.py"
    bench.parent.mkdir(parents=True)

    def git(*words: str) -> None:
        identity = ["-c", "user.name=gate", "-c", "user.email=gate@localhost"]
        subprocess.run([GIT, *identity, *words], cwd=repository, check=True, capture_output=True)

    git("init")
    for units in (0, extra):
        bench.write_text(text.replace('"OPBENCH_EXTRA_UNITS", "0"', f'"OPBENCH_EXTRA_UNITS", "{units}"'))
        git("add", ".")
        git("commit", "-m", f"{units} extra units of work")


def _repeated(runs: int, run: Callable[[], Run]) -> None:
    codes: Counter[int] = Counter()
    verdicts: dict[str, Counter[str]] = {}
    spent = []
    for number in range(1, runs + 1):
        code, seconds, judged = run()
        codes[code] += 1
        spent.append(seconds)
        for line in judged:
            verdicts.setdefault(str(line["benchmark"]), Counter())[str(line["verdict"])] += 1
        print(f"run {number}: exit {code}, {seconds:.1f} s, {dict(codes)}", flush=True)
    print(f"\n{runs} runs, exit codes {dict(codes)}; seconds {min(spent):.0f} to {max(spent):.0f}")
    for name, counts in sorted(verdicts.items()):
        print(f"  {name:70} {dict(counts)}")


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "antagonists"]
    load = antagonists() if "antagonists" in sys.argv else nullcontext()
    with tempfile.TemporaryDirectory() as folder, load:
        if words[0] == "same":
            same(Path(folder), int(words[1]))
        else:
            slower(Path(folder), int(words[1]), int(words[2]), words[3])


if __name__ == "__main__":
    main()
