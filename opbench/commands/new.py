"""`opbench new`: a package, or a file, that works as it is and is there to be changed."""

from __future__ import annotations

import shlex
from pathlib import Path

from opbench.scaffold.naming import Scaffold, scaffold_for
from opbench.scaffold.rendering import rendered
from opbench.scaffold.writing import write_file, write_folder


def run(kind: str, name: str, into: Path, triton: bool = False) -> int:
    """Write it into the folder `into` and say what to do with it next."""
    scaffold = scaffold_for(kind, name, "triton" if triton else "")
    files = rendered(scaffold)
    if scaffold.kind == "file":
        (path, text), *_ = files.items()
        target = into / path
        write_file(target, text)
        print(f"{target}: an operator with two backends")
    else:
        target = into / scaffold.distribution
        write_folder(target, files)
        print(f"{target}: {', '.join(sorted(files))}")
    for line in _next_steps(scaffold, target):
        print(f"  {line}")
    return 0


def _next_steps(scaffold: Scaffold, target: Path) -> list[str]:
    """Commands, the first of which installs a package."""
    place = shlex.quote(str(target))
    if scaffold.kind == "file":
        return [f"opbench check {place}", f"opbench sweep {place}"]
    install = f"python -m pip install pytest -e {place}"
    tests = f"python -m pytest {place}"
    simulated = " --simulate=ptx" if scaffold.language else ""
    use = {
        "operator": f"opbench sweep {scaffold.name}",
        "backend": f"opbench check {scaffold.operator} --backend {scaffold.name}{simulated}",
        "sweep": f"opbench sweep {scaffold.name}",
        "report": "opbench report SWEEP",
    }[scaffold.kind]
    return [install, tests, use]
