"""The files of what is to be made, from templates that are whole files: `templates/KIND/PATH.jinja`.

In a path, MODULE stands for the module's name. A backend's module comes from `templates/backends`: a file named after
the operator where there is one, else `any.py.jinja`, so that nothing here knows an operator by name; with a GPU kernel
two files, `OPERATOR.LANGUAGE` and `OPERATOR.LANGUAGE_kernel`.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from opbench import __version__, catalog
from opbench.errors import UsageError
from opbench.scaffold.naming import Scaffold

TEMPLATES = Path(__file__).parent / "templates"
SUFFIX = ".jinja"


def rendered(scaffold: Scaffold) -> dict[str, str]:
    """The text of every file, by its path below the package's folder; of kind `file` the one file's.

    Raises UsageError where the name is one that the file has for something else, and where there is no kernel of the
    operator in that language to begin with.
    """
    values = {
        "name": scaffold.name,
        "operator": scaffold.operator,
        "language": scaffold.language,
        "module": scaffold.module,
        "distribution": scaffold.distribution,
        "version": __version__,
        "sweep": _sweep_of(scaffold.operator),
    }
    texts = {
        path.replace("MODULE", scaffold.module): _environment().get_template(template).render(values)
        for path, template in _templates(scaffold)
    }
    if scaffold.kind == "file":
        _refuse_two_meanings(scaffold.name, *texts.values())
    return texts


def _templates(scaffold: Scaffold) -> Iterator[tuple[str, str]]:
    """Paths of the files to write, and the template of each."""
    for file in sorted((TEMPLATES / scaffold.kind).rglob(f"*{SUFFIX}")):
        path = str(file.relative_to(TEMPLATES / scaffold.kind)).removesuffix(SUFFIX)
        yield path, str(file.relative_to(TEMPLATES))
    if scaffold.language:
        yield from _kernel_templates(scaffold)
    elif scaffold.kind == "backend":
        own = f"backends/{scaffold.operator}.py{SUFFIX}"
        yield "MODULE.py", own if (TEMPLATES / own).is_file() else f"backends/any.py{SUFFIX}"


def _kernel_templates(scaffold: Scaffold) -> Iterator[tuple[str, str]]:
    """Of the backend and of its kernel. Raises UsageError where the operator has none."""
    language, ending = scaffold.language, f"_kernel.py{SUFFIX}"
    there = sorted(file.name.split(".")[0] for file in (TEMPLATES / "backends").glob(f"*.{language}{ending}"))
    if scaffold.operator not in there:
        raise UsageError(
            f"--{language} has no kernel of {scaffold.operator!r} to begin with; there are ones of: {', '.join(there)}"
            f"; leave --{language} away, or begin from one of these"
        )
    for part in ("", "_kernel"):
        yield f"MODULE{part}.py", f"backends/{scaffold.operator}.{language}{part}.py{SUFFIX}"


def _sweep_of(operator: str) -> str:
    """A sweep that comes with opbench and measures this operator, "" where there is none."""
    ours = (name for name in catalog.sweeps() if operator and not catalog.is_plugin("sweeps", name))
    return next((name for name in ours if operator in _operators_of(name)), "")


def _operators_of(sweep: str) -> set[str]:
    return {operator for grid in catalog.sweep(sweep).grids for operator in grid.operators}


def _refuse_two_meanings(name: str, text: str) -> None:
    bound: Counter[str] = Counter()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            bound[node.name] += 1
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound.update(alias.asname or alias.name for alias in node.names)
    if bound[name] > 1:
        raise UsageError(f"a file of an operator {name!r} has that name for something else; choose another name")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,  # noqa: S701  (Python and TOML, and names are checked)
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
