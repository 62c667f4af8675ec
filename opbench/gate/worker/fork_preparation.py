"""What a fork server of the gate does once for all workers that are forked from it.

Libraries and pytest's plugins are imported, and Python's own tables filled: of a worker's start, 0.32 s of a processor,
0.18 s are left, which are its own tree's code (EPYC 9004). Nothing of it is of a tree, so that it is common to base and
head as the libraries are.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Sequence
from tempfile import TemporaryDirectory
from typing import Any

ARGUMENTS = ("-q", "-p", "no:opbench", "-p", "no:cacheprovider", "-c", os.devnull)
"""As a worker starts pytest, but with no tree: see main.py."""

MEANT_FOR_TESTS = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
"""Variables whose options and modules may need the tree, or would start processes: each fork has them for itself."""


def prepare(modules: Sequence[str]) -> None:
    """Import the modules, in that order; with pytest among them start it once, so that it imports its plugins itself.

    Imported in another way they could not have their assertions rewritten, which pytest warns about.
    """
    for name in modules:
        with contextlib.suppress(Exception):  # who needs it finds out by itself, and says so
            importlib.import_module(name)
    if "pytest" in modules:
        _start_pytest()


def _start_pytest() -> None:
    """In an empty folder. Should it fail, every worker does what it would have done here."""
    import pytest

    given = {name: os.environ.pop(name) for name in MEANT_FOR_TESTS if name in os.environ}
    with TemporaryDirectory(prefix="opbench-gate-") as folder, contextlib.suppress(Exception, SystemExit):
        pytest.main([*ARGUMENTS, "--rootdir", folder, folder])
    os.environ.update(given)
    _leave_version_control_out()


def _leave_version_control_out() -> None:
    """pytest-benchmark asks git and Mercurial six things at every start, for the name of a file that no worker writes:
    0.07 s of a processor.
    """
    plugin: Any = sys.modules.get("pytest_benchmark.plugin")
    if hasattr(plugin, "get_tag"):
        plugin.get_tag = lambda *_: ""
