"""A worker: pytest in its side's environment, with its run loop replaced by one that answers requests.

Where pytest cannot start, or ends before it has collected, requests are refused with the reason.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opbench.gate.worker.protocol import Connection, WorkerConfig
from opbench.process.fork_server import follow_parent

if TYPE_CHECKING:
    from opbench.gate.worker.plugin import WorkerPlugin

LOG_END = 4096
"""Characters of the log's end in which pytest's own complaint is looked for."""


def run_worker(
    requests: int,
    answers: int,
    config_json: str,
    plugin_class: Callable[[Connection, WorkerConfig], WorkerPlugin] | None,
) -> None:
    """Answer requests until there are no more. plugin_class: None where the side has no pytest."""
    follow_parent()
    connection, config = Connection(requests, answers), WorkerConfig.from_json(config_json)
    if plugin_class is None:
        _refuse_all(
            connection, f"pytest is not installed for {sys.executable}; add it to --install, or install it there"
        )
        return
    import pytest

    plugin = plugin_class(connection, config)
    code = pytest.main(_pytest_arguments(config), plugins=[plugin, plugin.collection])
    if not plugin.served:
        # Of a file that cannot be imported pytest says last that it has no such test; what was in the way came first.
        reasons = plugin.collection.problems or [_complaint(config.log, code)]
        problem = f"pytest ended before it had collected: {reasons[0]}"
        _refuse_all(connection, problem, usage_error=plugin.collection.usage_error)


def _pytest_arguments(config: WorkerConfig) -> list[str]:
    """`-s`: slices are not taken behind a capture that grows; all output goes to the log.

    `-p no:opbench`: where opbench is what is tested, its plugin would import the installed one before the tree's.
    """
    keyword = ["-k", config.keyword] if config.keyword else []
    cache = f"cache_dir={config.scratch}/pytest"  # not in the tree, where workers would overwrite each other's
    return [*config.paths, "-q", "-s", "-p", "no:opbench", "--rootdir", config.tree, "-o", cache, *keyword]


def _complaint(log: str, code: Any) -> str:
    """pytest's last error line in the log, else its last line, with the exit code."""
    sys.stdout.flush()
    sys.stderr.flush()
    text = Path(log).read_text(encoding="utf-8", errors="replace")[-LOG_END:] if os.path.exists(log) else ""  # noqa: PTH110
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("ERROR", "E ")) or ": error:" in line] or lines[-1:]
    return f"{errors[-1].removeprefix('ERROR: ') if errors else 'it printed nothing'} (exit code {int(code)})"


def _refuse_all(connection: Connection, problem: str, *, usage_error: bool = False) -> None:
    while connection.receive() is not None:
        connection.send({"refused": problem, "usage_error": usage_error})
