"""Start a worker: the gate's code serves, the tree's code is what is tested, and both may be called `opbench`.

    python -P .../opbench/gate/boot.py ROOT REQUESTS ANSWERS ASSIGNMENT    (folder, two file descriptors, JSON)

ROOT holds the gate's own opbench. It is imported first, then forgotten: what the tests import afterwards comes from
their tree, or from wherever their environment has it, as if the gate were not there. So nothing of the gate may
import from opbench any later than that, and what it imports may need the standard library and pytest alone.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any


def load(root: str) -> tuple[Any, Any]:
    """The gate's modules `agent` and `serving`, no longer known to the interpreter; None for the latter without pytest.

    The package's own __init__ is not run, in case it ever needs more than a foreign environment has.
    """
    package = ModuleType("opbench")
    package.__path__ = [f"{root}/opbench"]
    sys.modules["opbench"] = package
    agent = import_module("opbench.gate.agent")
    serving = import_module("opbench.gate.serving") if find_spec("pytest") else None
    for name in [name for name in sys.modules if name.partition(".")[0] == "opbench"]:
        del sys.modules[name]
    return agent, serving


if __name__ == "__main__":
    root, requests, answers, assignment = sys.argv[1:]
    del sys.argv[1:]
    agent, serving = load(root)
    agent.work(int(requests), int(answers), assignment, serving and serving.Serving)
