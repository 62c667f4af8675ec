"""Cases timed in two interpreters that take turns: the gate's run, with one source and two ways to launch it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from opbench.environments.case_file import write_cases
from opbench.gate.output.progress import RunProgress
from opbench.gate.pool.launch import ROOT, LaunchConfig
from opbench.gate.runs.artifacts import LiveRun
from opbench.gate.runs.live import judge
from opbench.gate.samples import Side
from opbench.gate.source.environments import Checkout
from opbench.gate.stats.rule import Rule
from opbench.own_packages import NAMES
from opbench.vocabulary.case import Case

WORKER = "opbench.environments.case_worker"


@dataclass(frozen=True)
class Turns:
    """How both sides are measured.

    device: `cpu` or `cuda`. threads: of the CPU, in one worker. time_limit_s: that one step of a worker may take.
    wait: for another measurement on the device, rather than be refused.
    """

    rule: Rule
    device: str = "cpu"
    threads: int = 1
    time_limit_s: float = 120.0
    wait: bool = True

    def compare(self, pythons: Mapping[Side, Path], cases: Mapping[str, Case], progress: RunProgress) -> LiveRun:
        """Every case that both can run, head against base, once it was right in both.

        Raises MachineError where an interpreter cannot measure on the device, or no workers fit into memory.
        """
        with _source() as tree:
            file = tree / "cases.json"
            write_cases(file, cases)
            checkouts = {side: Checkout(python, tree) for side, python in pythons.items()}
            seed = secrets.randbits(32)
            return judge(checkouts, self._launch(pythons, file), self.rule, seed, progress, self.wait)

    def _launch(self, pythons: Mapping[Side, Path], file: Path) -> LaunchConfig:
        # What a build looks for, such as ninja, is the environment's own, as if it had been activated.
        paths = {
            side: os.pathsep.join([str(python.parent), os.environ.get("PATH", "")]) for side, python in pythons.items()
        }
        return LaunchConfig(
            paths=(str(file),),
            keyword=None,
            threads=self.threads,
            device=self.device,
            root=file.parent,  # nothing of it may be imported from elsewhere, and both sides share it
            time_limit_s=self.time_limit_s,
            extra_environment={side: {"PATH": path} for side, path in paths.items()},
            program=("-m", WORKER, str(Path.cwd())),
        )


@contextmanager
def _source(root: Path = ROOT) -> Iterator[Path]:
    """A folder with our packages alone: beside them, installed, lies all else that this environment has."""
    with TemporaryDirectory(prefix="opbench-environments-") as folder:
        for name in ("opbench", *NAMES):
            (Path(folder) / name).symlink_to(root / name, target_is_directory=True)
        yield Path(folder)
