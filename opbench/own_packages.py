"""The packages beside this one, `impls`, `sweeps` and `reports`, are ours, whatever folder is called so elsewhere.

`python -m` puts the working directory first, and projects have folders of these names.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

NAMES = ("impls", "sweeps", "reports")


def put_first(root: Path = Path(__file__).parents[1]) -> list[str]:
    """Have each name mean the package below `root` in this process; a line for each that would have meant another.

    What is imported already stays: whoever did that knows which it is.
    """
    lines = []
    for name in NAMES:
        ours, other = root / name, None if name in sys.modules else _found(name)
        if other is None or other == ours or not (ours / "__init__.py").is_file():
            continue
        lines.append(f"{other} has the name of a package of opbench; here {name!r} is {ours}")
        spec = spec_from_file_location(name, ours / "__init__.py", submodule_search_locations=[str(ours)])
        if spec is not None and spec.loader is not None:
            sys.modules[name] = module_from_spec(spec)
            spec.loader.exec_module(sys.modules[name])
    return lines


def _found(name: str) -> Path | None:
    """The folder that Python would take for this package."""
    spec = find_spec(name)
    locations = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(locations[0]).resolve() if locations else None
