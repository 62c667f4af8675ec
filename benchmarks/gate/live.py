"""Live runs of the gate, many times: how often it says what it should.

    python -m benchmarks.gate.live same 30 [antagonists]        this repository's 20 benchmarks, HEAD against itself
    python -m benchmarks.gate.live slower 20 5 3% [antagonists] kernels with 5 extra units of work in 100, tolerance 3 %

Each run is the command itself in a process of its own, with worktrees, dry runs, workers and confirmation; its line
says where the seconds went. `slower` makes a repository whose head does the extra work (benchmarks/gate/kernels; its
size: benchmarks/gate/truth.py).
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from benchmarks.trust.antagonists import antagonists
from opbench.gate.output.spent import spent_text
from opbench.gate.phases import Phase

ROOT = Path(__file__).parents[2]
KERNELS = ROOT / "benchmarks" / "gate" / "kernels" / "test_kernels.py"

GIT = shutil.which("git") or "git"


@dataclass(frozen=True)
class Run:
    """seconds: by the clock. processor_s: of the command and of all it started. judged: a line for each benchmark.

    phases: where the seconds went, those before and after its own account as `start and files`.
    """

    code: int
    seconds: float
    processor_s: float
    judged: list[dict[str, object]]
    phases: dict[str, Phase]

    def __str__(self) -> str:
        return f"exit {self.code}, {self.processor_s:.1f} processor s, {spent_text(self.phases)}"


def one(folder: Path, *words: str) -> Run:
    """One run of the command in that folder."""
    began, used_s = monotonic(), _processor_s()
    command = [sys.executable, "-m", "opbench", "gate", "--json", *words]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    if not lines:
        print(run.stderr, file=sys.stderr)
    seconds = monotonic() - began
    told = {name: Phase(**phase) for line in lines for name, phase in line.get("phases", {}).items()}
    told["start and files"] = Phase(seconds - sum(phase.seconds for phase in told.values()))
    judged = [line for line in lines if "benchmark" in line]
    return Run(run.returncode, seconds, _processor_s() - used_s, judged, told)


def _processor_s() -> float:
    """Of all processes that ended and that this one has waited for, or their parents have."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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
        one_run = run()
        codes[one_run.code] += 1
        spent.append(one_run.seconds)
        for line in one_run.judged:
            verdicts.setdefault(str(line["benchmark"]), Counter())[str(line["verdict"])] += 1
        print(f"run {number}: {one_run}", flush=True)
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
