"""Start a worker: the gate's code serves, the tree's code is what is tested, and both may be called `opbench`.

    python -P .../opbench/gate/boot.py ROOT REQUESTS ANSWERS ASSIGNMENT    (folder, two file descriptors, JSON)
    python -P .../opbench/gate/boot.py ROOT --fork SOCKET MODULE...        (a server that forks workers, forking.py)

ROOT holds the gate's own opbench. It is imported first, then forgotten: what the tests import afterwards comes from
their tree, or from wherever their environment has it, as if the gate were not there. So nothing of the gate may
import from opbench any later than that, and what it imports may need the standard library and pytest alone.
"""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any


def load(root: str) -> tuple[Any, Any, Any]:
    """The gate's modules `agent`, `forking` and `serving`, no longer known to the interpreter; without pytest the last
    one is None.

    The package's own __init__ is not run, in case it ever needs more than a foreign environment has.
    """
    package = ModuleType("opbench")
    package.__path__ = [f"{root}/opbench"]
    sys.modules["opbench"] = package
    agent, forking = import_module("opbench.gate.agent"), import_module("opbench.gate.forking")
    serving = import_module("opbench.gate.serving") if find_spec("pytest") else None
    for name in [name for name in sys.modules if name.partition(".")[0] == "opbench"]:
        del sys.modules[name]
    return agent, forking, serving


if __name__ == "__main__":
    root, *words = sys.argv[1:]
    del sys.argv[1:]
    agent, forking, serving = load(root)
    work = partial(agent.work, serving=serving and serving.Serving)
    if words[0] == "--fork":
        forking.serve(int(words[1]), words[2:], work)
    else:
        requests, answers, assignment = words
        work(int(requests), int(answers), assignment)
