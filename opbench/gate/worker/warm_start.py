"""What every fork finds done by its server: libraries and pytest's plugins imported, Python's own tables filled.

A worker's start took 0.27 s of a processor, and 0.1 s of the programs that it started besides; what is left is its own
tree's code (Xeon, model 207). Nothing here is of a tree, so that it is common to base and head as the libraries are.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import sys
from collections.abc import Sequence
from tempfile import TemporaryDirectory
from typing import Any

ARGUMENTS = ("-q", "-p", "no:opbench", "-p", "no:cacheprovider", "-c", os.devnull)
"""As a worker starts pytest, but with no tree: see main.py."""


def warm_start(modules: Sequence[str]) -> None:
    """Import the modules, in that order; with pytest among them start it once, so that it imports its plugins itself.

    Imported in another way they could not have their assertions rewritten, which pytest warns about.
    """
    for name in modules:
        with contextlib.suppress(Exception):  # who needs it finds out by itself, and says so
            importlib.import_module(name)
    if "pytest" in modules:
        _start_pytest()
    inspect.getmodule(inspect.currentframe())  # looks the files of all modules up, as PyTorch's registrations do


def _start_pytest() -> None:
    """In an empty folder. Should it fail, every worker does what it would have done here."""
    import pytest

    with TemporaryDirectory(prefix="opbench-gate-") as folder, contextlib.suppress(Exception, SystemExit):
        pytest.main([*ARGUMENTS, "--rootdir", folder, folder])
    _leave_version_control_out()


def _leave_version_control_out() -> None:
    """pytest-benchmark asks git and Mercurial six things at every start, for the name of a file that no worker writes:
    0.07 s of a processor.
    """
    plugin: Any = sys.modules.get("pytest_benchmark.plugin")
    if hasattr(plugin, "get_tag"):
        plugin.get_tag = lambda *_: ""
