"""Start a worker: the gate's code serves, the tree's code is what is tested, and both may be called `opbench`.

    python -P .../opbench/gate/worker/bootstrap.py ROOT REQUESTS ANSWERS CONFIG    (folder, two descriptors, JSON)
    python -P .../opbench/gate/worker/bootstrap.py ROOT --fork SOCKET MODULE...    (a server that forks workers)

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

MODULES = ("process.fork_server", "gate.worker.fork_preparation", "gate.worker.main")


def load(root: str) -> list[Any]:
    """The gate's MODULES and its plugin, no longer known to the interpreter; without pytest the last one is None.

    The package's own __init__ is not run, in case it ever needs more than a foreign environment has.
    """
    package = ModuleType("opbench")
    package.__path__ = [f"{root}/opbench"]
    sys.modules["opbench"] = package
    loaded = [import_module(f"opbench.{name}") for name in MODULES]
    plugin = import_module("opbench.gate.worker.plugin") if find_spec("pytest") else None
    for name in [name for name in sys.modules if name.partition(".")[0] == "opbench"]:
        del sys.modules[name]
    return [*loaded, plugin]


if __name__ == "__main__":
    root, *words = sys.argv[1:]
    del sys.argv[1:]
    fork_server, fork_preparation, main, plugin = load(root)
    run_worker = partial(main.run_worker, plugin_class=plugin and plugin.WorkerPlugin)
    if words[0] == "--fork":
        fork_server.serve(int(words[1]), words[2:], run_worker, prepare=fork_preparation.prepare)
    else:
        requests, answers, config = words
        run_worker(int(requests), int(answers), config)
