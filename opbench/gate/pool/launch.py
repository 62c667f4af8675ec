"""How workers are started: the same for all of a run, but for the side's tree and interpreter."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from opbench.gate.samples import Side
from opbench.gate.source.environments import Checkout
from opbench.process.environment import pinned

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""What numeric libraries take the size of their thread pools from; the worker tells PyTorch itself besides."""

COMMON_FOLDER = "OPBENCH_GATE_FOLDER"
"""Names a folder that all workers of a run see, and that goes with it: what takes one of them long to find out, such as
that a result is right, need not take the others as long."""

ROOT = Path(__file__).parents[3]

DROPPED = ("PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTEST_CURRENT_TEST", "PYTEST_VERSION")
"""Variables that would make workers compile all code at each start, look elsewhere, or think they are nested."""

DROPPED_PREFIXES = ("PYTEST_XDIST_", "COV_CORE_", "COVERAGE_PROCESS_")


@dataclass(frozen=True)
class LaunchConfig:
    """paths, keyword: the tests, as pytest takes them in a tree.
    threads: of numeric libraries in one worker.
    device: `cpu` or `cuda`.
    root: the user's repository, whose code no worker may import.
    time_limit_s: seconds that any one step of a worker may take.
    program: what a side's interpreter runs as a worker, before the words that every worker is given (two descriptors,
        and `WorkerConfig` as JSON). Empty for the gate's own, which runs a tree's tests.
    extra_environment: variables of one side alone, for planting a difference.
    shared_folder: what the benchmarks of both sides may share in one run, see COMMON_FOLDER; None for none.
    last_on_path: a folder whose packages a worker may import where neither its tree nor its interpreter has them.
    """

    paths: tuple[str, ...]
    keyword: str | None
    threads: int
    device: str
    root: Path
    time_limit_s: float
    extra_environment: Mapping[Side, Mapping[str, str]] = field(default_factory=dict)
    shared_folder: Path | None = None
    program: tuple[str, ...] = ()
    last_on_path: Path | None = None

    def command(self, python: Path) -> list[str]:
        """The words that start a worker on this interpreter, without those that only the one who starts it knows."""
        return [str(python), "-P", *self.program] if self.program else bootstrap_command(python)

    def environment(self, side: Side, checkout: Checkout) -> dict[str, str]:
        """A worker's variables. The tree comes first on the path: before a `.pth` file or finder of an editable
        installation, which belongs to some other checkout.
        """
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in DROPPED and not name.startswith(DROPPED_PREFIXES)
        }
        tree = checkout.tree.absolute()
        paths = [str(tree), *_source_folder(tree), *filter(None, inherited.get("PYTHONPATH", "").split(os.pathsep))]
        if self.last_on_path is not None:
            paths.append(str(self.last_on_path))
        own = dict.fromkeys(THREAD_VARIABLES, str(self.threads)) | {
            "PYTHONPATH": os.pathsep.join(paths),
            "PWD": str(tree),
        }
        if self.shared_folder is not None:
            own[COMMON_FOLDER] = str(self.shared_folder)
        return pinned(inherited) | own | dict(self.extra_environment.get(side, {}))


def _source_folder(tree: Path) -> list[str]:
    """`src`, in a project that keeps its packages there: it is what an editable installation has on the path."""
    return [str(tree / "src")] if any((tree / "src").glob("*/__init__.py")) else []


def bootstrap_command(python: Path) -> list[str]:
    """What starts the gate's code in a side's own interpreter; bootstrap.py says which words may follow."""
    return [str(python), "-P", str(ROOT / "opbench" / "gate" / "worker" / "bootstrap.py"), str(ROOT)]
