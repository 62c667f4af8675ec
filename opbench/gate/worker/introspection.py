"""What a worker knows of itself: its benchmarks, its environment, the modules it has imported and from where."""

from __future__ import annotations

import ast
import hashlib
import inspect
import os
import platform
import re
import sys
import sysconfig
import textwrap
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from opbench.process.environment import LIBRARIES, PINNED, _cpu_name, _hugepages, _version

ADDRESS = re.compile(r" at 0x[0-9a-f]+")

VALUE_LENGTH = 200
"""Characters of a parameter's value. What is cut is replaced by a digest of the whole."""


def describe_benchmark(item: Any, tree: str) -> dict[str, Any]:
    """A benchmark as JSON: id, name, group, params by name, and the digest of what the test does."""
    marker = item.get_closest_marker("benchmark")
    params = parameters(item, tree)
    return {
        "id": item.nodeid,
        "name": item.name,
        "group": marker.kwargs.get("group") if marker else None,
        "params": params,
        "digest": source_digest(getattr(item, "function", None), params),
    }


def parameters(item: Any, tree: str) -> dict[str, str] | None:
    """By name, as text that is the same in every process and in both trees; None where there are none."""
    if not hasattr(item, "callspec"):
        return None
    return {name: _text(value, tree) for name, value in sorted(item.callspec.params.items())}


def _text(value: Any, tree: str) -> str:
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    text = ADDRESS.sub("", repr(value)).replace(tree, ".")
    return text if len(text) <= VALUE_LENGTH else f"{text[:VALUE_LENGTH]}... {_hash(text)}"


def source_digest(function: Any, params: dict[str, str] | None) -> str | None:
    """Of the test's syntax tree and parameters: its name, formatting, comments, docstring and marks do not count.

    None where there is no source to be had.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.name = "_" if node in tree.body else node.name  # a renamed test is the same test
            node.decorator_list = [decorator for decorator in node.decorator_list if not _is_mark(decorator)]
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:]
    return _hash(ast.dump(tree) + repr(params))


def _is_mark(decorator: ast.expr) -> bool:
    """`pytest.mark.NAME` or a call of it. Values of its parameters are in `params`, one by one."""
    return ".mark." in ast.unparse(decorator).partition("(")[0]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def environment(device: str, threads: int) -> dict[str, Any]:
    """What times depend on besides the code; the same in both sides' workers, or it shows that they differ."""
    described: dict[str, Any] = {
        "python": platform.python_version(),
        "os": platform.platform(),
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "device": device,
        "threads": threads,
        "versions": {name: version for name in LIBRARIES if (version := _version(name))},
        "pinned": {name: os.environ.get(name, "") for name in PINNED},
        "transparent_hugepages": _hugepages(),
    }
    if device == "cuda":
        cuda = import_module("torch").cuda
        described["device_name"] = cuda.get_device_name() if cuda.is_available() else "none"
    return described


PRELOADABLE = ("pytest", "numpy", "torch", "sympy", "torch.fx.experimental.symbolic_shapes")
"""Libraries that are worth importing once for all workers, and that may be: what they set up survives a fork.

pytest is what every worker has imported, so that those whose benchmarks need nothing but Python are forked too. PyTorch
takes 1.3 s; SymPy 0.6 s and the shapes made of it 0.03 s, which PyTorch imports at the first backward pass through an
operator registered from Python (2-core EPYC 9004)."""


def preloadable() -> list[str]:
    """Those of PRELOADABLE that this worker has imported from where a package manager puts them."""
    files = [(name, str(getattr(sys.modules.get(name), "__file__", ""))) for name in PRELOADABLE]
    return [name for name, file in files if {"site-packages", "dist-packages"} & set(Path(file).parts)]


def foreign_modules(tree: str, foreign: Sequence[str]) -> list[str]:
    """Files of imported modules that lie in a foreign folder, not in the tree, and that no package manager put there.

    They prove that the worker would measure another checkout's code.
    """
    return sorted(set(_foreign_files(tree, foreign)))


def _foreign_files(tree: str, foreign: Sequence[str]) -> Iterator[str]:
    standard = tuple(os.path.realpath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "platstdlib"))
    own = os.path.realpath(tree) + os.sep
    outside = tuple(os.path.realpath(folder) + os.sep for folder in foreign)
    program = sys.modules.get("__main__")  # the gate's own bootstrap.py; multiprocessing lists it under a second name
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if module is program or not isinstance(file, str):
            continue
        path = os.path.realpath(file)
        installed = {"site-packages", "dist-packages"} & set(Path(path).parts) or path.startswith(standard)
        if path.startswith(outside) and not path.startswith(own) and not installed:
            yield path
