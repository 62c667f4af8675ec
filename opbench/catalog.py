"""What there is to measure, ask and show: found by listing the folders, and by what other packages announce.

An operator is a package under `impls` that holds `operator.py`; its backends are the modules beside it, and in a folder
`backends` there, that assign `BACKEND`. A package of many alike assigns `OPERATORS` there, a dictionary by name. All
that is read from their source, so that listing them imports none of their libraries. A sweep is a module of `sweeps`
that assigns `SWEEP`; a report one of `reports`, in whatever folder, that assigns `REPORT`. Another installed package
joins through the entry-point groups `opbench.operators` (a package laid out the same way), `opbench.sweeps` and
`opbench.reports` (modules that assign `SWEEP` or `REPORT`).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from opbench.errors import UsageError, unknown
from opbench.vocabulary.backend import Backend
from opbench.vocabulary.operator import Operator
from opbench.vocabulary.record import Unavailable
from opbench.vocabulary.report import Page, Report
from opbench.vocabulary.sweep import Sweep

Known = TypeVar("Known")

OPTIONAL = frozenset(
    {"triton", "cupy", "numba", "fvcore", "onnx", "onnxruntime", "onnxscript"}
    | {"sklearn", "timm", "torchvision", "transformers"}
)
"""Libraries whose absence makes a backend Unavailable; the failed import of any other is a bug and raises."""


@lru_cache(maxsize=1)
def operators() -> dict[str, str]:
    """Operator names and the packages that hold them."""
    found = {name: package for file, package in _packages("impls") for name in _operator_names(file)}
    return found | _announced("operators")


@lru_cache(maxsize=1)
def sweeps() -> dict[str, str]:
    """Sweep names and the modules that hold them."""
    return modules_assigning("sweeps", "SWEEP") | _announced("sweeps")


@lru_cache(maxsize=1)
def reports() -> dict[str, str]:
    """Report names and the modules that hold them."""
    return modules_assigning("reports", "REPORT", below=True) | _announced("reports")


def operator(name: str) -> Operator:
    """Raises UsageError for an unknown name."""
    module = import_module(f"{_look_up('operator', name, operators())}.operator")
    found: Operator = module.OPERATORS[name] if hasattr(module, "OPERATORS") else module.OPERATOR
    return found


def backend_names(operator_name: str) -> list[str]:
    """Backends of an operator in alphabetical order. Raises UsageError for an unknown operator."""
    return sorted(_backend_makers(operator_name))


def _backend_makers(operator_name: str) -> dict[str, Callable[[], Backend]]:
    """What gives each backend, by name; a file goes before what the operator makes under the same name."""
    described = operator(operator_name)
    modules = backend_modules(described.backends or operators()[operator_name])
    files = {name: partial(_assigned_backend, module) for name, module in modules.items()}
    return {**described.further_backends(), **files}


def _assigned_backend(module: str) -> Backend:
    assigned: Backend = import_module(module).BACKEND
    return assigned


def backend(operator_name: str, name: str) -> Backend | Unavailable:
    """The backend, or why its library is missing. `name` may carry a schedule (`triton_jit:balanced`).

    Raises UsageError for an unknown operator, backend or schedule.
    """
    stem, _, schedule = name.partition(":")
    make = _look_up("backend", stem, _backend_makers(operator_name), f"for operator {operator_name!r}")
    try:
        found = make()
    except ModuleNotFoundError as exc:
        return Unavailable(f"{missing_library(exc)} is not installed")
    found = _as_far_as(operator(operator_name), found)
    if schedule and schedule not in found.schedules:
        where = f"of backend {stem!r} for operator {operator_name!r}"
        raise unknown("schedule", schedule, found.schedules, where)
    return found


def _as_far_as(operator: Operator, found: Backend) -> Backend:
    """The backend with the modes and schedules that this operator has; it may serve several."""
    schedules = tuple(one for one in found.schedules if one in operator.schedules or not operator.schedules)
    return replace(found, modes=found.modes & operator.modes, schedules=schedules)


@lru_cache(maxsize=1)
def looks() -> dict[str, tuple[str, str]]:
    """Colour and marker of every backend that says them, by name, read from its file.

    Raises UsageError for a file that does not write them out.
    """
    roots = {"impls", *_announced("operators").values()}
    files = [file for root in sorted(roots) for file in sorted(_folder(root).rglob("*.py"))]
    return {file.stem: look for file in files if (look := _look(file)) is not None}


def _look(file: Path) -> tuple[str, str] | None:
    """The argument `look` of the call that the file assigns to `BACKEND`."""
    if "BACKEND" not in file.read_text(encoding="utf-8"):
        return None
    call = _assigned(file).get("BACKEND")
    given = [one.value for one in call.keywords if one.arg == "look"] if isinstance(call, ast.Call) else []
    for value in given:
        match value:
            case ast.Tuple(elts=[ast.Constant(value=str(colour)), ast.Constant(value=str(marker))]):
                return colour, marker
        wanted = 'expected a colour and a marker written out, such as ("#0072B2", "o")'
        raise UsageError(f"{file}: the look is {ast.unparse(value)}; {wanted}")
    return None


def sweep(name: str) -> Sweep:
    """Raises UsageError for an unknown name."""
    found: Sweep = import_module(_look_up("sweep", name, sweeps())).SWEEP
    return found


def report(name: str) -> Report:
    """Raises UsageError for an unknown name."""
    found: Report = import_module(_look_up("report", name, reports())).REPORT
    return found


def page() -> Page:
    found: Page = shown_by("pages.page.PAGE")
    return found


def shown_by(place: str) -> Any:
    """What shows results for a command or a page, by where it is in `reports`: `terminal.results_table.terminal_table`.

    Nothing else of opbench knows a module of `reports`, none of which is imported before it is asked for.
    """
    module, _, name = place.rpartition(".")
    return getattr(import_module(f"reports.{module}"), name)


def totals() -> Any:
    """What takes a run's records one by one and tells them in a few rows, for a page and for a terminal."""
    return shown_by("data.totals.Totals")()


def _look_up(kind: str, name: str, known: Mapping[str, Known], where: str = "") -> Known:
    if name not in known:
        raise unknown(kind, name, known, where)
    return known[name]


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(f"the package {package!r} cannot be found; run from the repository or install opbench")
    return Path(next(iter(spec.submodule_search_locations)))


def _packages(root: str) -> Iterator[tuple[Path, str]]:
    base = _folder(root)
    for file in sorted(base.rglob("operator.py")):
        yield file, ".".join((root, *file.parent.relative_to(base).parts))


def missing_library(exc: ModuleNotFoundError) -> str:
    """The optional library that a failed import wanted. Raises `exc` again where it is another: a bug."""
    library = (exc.name or "").partition(".")[0]
    if library not in OPTIONAL:
        raise exc
    return library


def backend_modules(package: str, name: str = "BACKEND") -> dict[str, str]:
    """Modules of an operator's package, and of its folder `backends`, by file name, that assign `name`."""
    found = modules_assigning(package, name)
    if (_folder(package) / "backends").is_dir():
        found |= modules_assigning(f"{package}.backends", name)
    return found


def modules_assigning(package: str, name: str, *, below: bool = False) -> dict[str, str]:
    """Modules of the package, by file name in alphabetical order, that assign `name` at their top level; none is
    imported.

    below: those in folders below it as well. Raises UsageError where two of these have the same file name.
    """
    base = _folder(package)
    assigning: dict[str, Path] = {}
    for file in sorted(base.rglob("*.py") if below else base.glob("*.py"), key=lambda file: (file.stem, file)):
        if _assigns(file, name):
            if file.stem in assigning:
                both = f"{assigning[file.stem]} and {file}"
                raise UsageError(f"{both} assign {name} under one name, {file.stem!r}; rename one of the files")
            assigning[file.stem] = file
    return {stem: ".".join((package, *file.relative_to(base).parts[:-1], stem)) for stem, file in assigning.items()}


def _assigns(file: Path, name: str) -> bool:
    """Whether the module assigns `name` at its top level."""
    return name in _assigned(file)


@lru_cache(maxsize=512)
def _assigned(file: Path) -> dict[str, ast.expr | None]:
    """What a module assigns at its top level: names to the expressions."""
    found: dict[str, ast.expr | None] = {}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            found |= {target.id: node.value for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node.value
    return found


def _operator_names(file: Path) -> list[str]:
    """The keys of the module's `OPERATORS`, or the name of its folder."""
    several = _assigned(file).get("OPERATORS")
    if not isinstance(several, ast.Dict):
        return [file.parent.name]
    return [key.value for key in several.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]


def _announced(group: str) -> dict[str, str]:
    return {entry.name: entry.value for entry in metadata.entry_points(group=f"opbench.{group}")}
