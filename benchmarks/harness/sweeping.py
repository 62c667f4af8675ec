"""A sweep in a process of its own, as a user starts it, and what it recorded."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from opbench.store.runs import latest_run
from opbench.vocabulary.record import Measured, Record


def swept(results: Path, words: Sequence[str], environment: Mapping[str, str] = os.environ) -> list[Record]:
    """Records of `opbench sweep channels WORDS`; those of the newest run in `results` where the folder exists already.

    Raises SystemExit where the command line was wrong.
    """
    if not results.exists():
        command = [sys.executable, "-m", "opbench", "sweep", "channels", *words, "--results", str(results)]
        ended = subprocess.run(command, stdout=subprocess.DEVNULL, env=dict(environment), check=False)
        if ended.returncode == 2:
            raise SystemExit(ended.returncode)
    return latest_run(results, "channels").records()


def latency_s(record: Record) -> float | None:
    """The median sample in seconds, of what was measured."""
    return median(record.outcome.samples_s) if isinstance(record.outcome, Measured) else None
