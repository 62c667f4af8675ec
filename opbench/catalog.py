"""What there is to measure, ask and show: found by listing the folders, and by what other packages announce.

An operator is a package under `impls` that holds `operator.py`; its backends are the modules beside it, and in a folder
`backends` there, that assign `BACKEND`. A package of many alike assigns `OPERATORS` there, a dictionary by name. All
that is read from their source, so that listing them imports none of their libraries. A sweep is a module of `sweeps`
that assigns `SWEEP`; a report one of `reports`, in whatever folder, that assigns `REPORT`. Another installed package
joins through the entry-point groups `opbench.operators` (a package laid out the same way), `opbench.backends` (modules
that assign `BACKEND`, named `OPERATOR.NAME`), `opbench.sweeps` and `opbench.reports` (modules that assign `SWEEP` or
`REPORT`). What comes with opbench goes before a plug-in of its name.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from opbench import operator_files, own_packages, plugins
from opbench.errors import UsageError, unknown
from opbench.vocabulary.backend import Backend
from opbench.vocabulary.operator import Operator
from opbench.vocabulary.record import Unavailable
from opbench.vocabulary.report import Page, Report
from opbench.vocabulary.sweep import Sweep

Known = TypeVar("Known")

HIDDEN = own_packages.put_first()
"""One line for every folder that would have been taken for a package of ours."""

OPTIONAL = frozenset(
    {"triton", "cupy", "numba", "fvcore", "onnx", "onnxruntime", "onnxscript"}
    | {"sklearn", "timm", "torchvision", "transformers"}
)
"""Libraries whose absence makes a backend Unavailable; the failed import of any other is a bug and raises."""


_DEFINED: dict[str, Operator] = {}


@lru_cache(maxsize=1)
def operators() -> dict[str, str]:
    """Operator names and the packages that hold them."""
    return _announced("operators") | _own_operators()


@lru_cache(maxsize=1)
def sweeps() -> dict[str, str]:
    """Sweep names and the modules that hold them."""
    return _announced("sweeps") | _own_sweeps()


@lru_cache(maxsize=1)
def reports() -> dict[str, str]:
    """Report names and the modules that hold them."""
    return _announced("reports") | _own_reports()


def _own_operators() -> dict[str, str]:
    return {name: package for file, package in _packages("impls") for name in _operator_names(file)}


def _own_sweeps() -> dict[str, str]:
    return modules_assigning("sweeps", "SWEEP")


def _own_reports() -> dict[str, str]:
    return modules_assigning("reports", "REPORT", below=True)


def plugin_problems() -> list[str]:
    """One line for every plug-in whose name is taken, and for every folder that has the name of a package of ours."""
    known = {"operators": _own_operators(), "sweeps": _own_sweeps(), "reports": _own_reports()}
    return HIDDEN + [line for group, names in known.items() for line in plugins.clashes(group, names)]


def is_plugin(group: str, name: str) -> bool:
    """Whether what has this name in `operators`, `sweeps` or `reports` is another package's."""
    announced = plugins.announced(group).get(name)
    return announced is not None and _known(group).get(name) == announced.module


def _known(group: str) -> Mapping[str, str]:
    return {"operators": operators, "sweeps": sweeps, "reports": reports}[group]()


def _loaded(group: str, name: str, made: Callable[[Any], Known], suffix: str = "") -> Known:
    """What `made` takes from the module of this name, ours or another package's. Raises UsageError as `Plugin.load`."""
    module = _look_up(group.removesuffix("s"), name, _known(group))
    if is_plugin(group, name):
        return plugins.announced(group)[name].load(made, suffix)
    return made(import_module(module + suffix))


def define(operator: Operator) -> None:
    """Have this process know an operator that stands in no package; its backends are its further ones.

    It takes the place of one that was defined under its name before. Raises UsageError for a name of a package's.
    """
    if operator.name in operators():
        raise UsageError(
            f"there is an operator {operator.name!r} already, in {operators()[operator.name]}; choose another name"
        )
    _DEFINED[operator.name] = operator


def _defined(name: str) -> Operator | None:
    """The operator of this name that stands in no package, if there is one."""
    return _DEFINED.get(name) or operator_files.operators().get(name)


def operator(name: str) -> Operator:
    """Raises UsageError for an unknown name."""
    if (defined := _defined(name)) is not None:
        return defined

    def of(module: Any) -> Operator:
        found: Operator = module.OPERATORS[name] if hasattr(module, "OPERATORS") else module.OPERATOR
        return found

    return _loaded("operators", name, of, ".operator")


def loadable_operators(tell: Callable[[str], object]) -> list[str]:
    """Names of all operators that can be loaded; `tell` gets a line for each of another package's that cannot."""
    names = []
    for name in operators():
        try:
            operator(name)
        except UsageError as exc:
            tell(str(exc))
        else:
            names.append(name)
    return names


def backend_names(operator_name: str) -> list[str]:
    """Backends of an operator in alphabetical order. Raises UsageError for an unknown operator."""
    return sorted(_backend_makers(operator_name))


def _backend_makers(operator_name: str) -> dict[str, Callable[[], Backend | Unavailable]]:
    """What gives each backend, by name.

    A file goes before what the operator makes under the same name, and both before another package's.
    """
    described = operator(operator_name)
    theirs = _announced_backends(operator_name)
    if _defined(operator_name) is not None:
        return {**theirs, **described.further_backends()}
    modules = backend_modules(described.backends or operators()[operator_name])
    files = {name: partial(_assigned_backend, module) for name, module in modules.items()}
    return {**theirs, **described.further_backends(), **files}


def _announced_backends(operator_name: str) -> dict[str, Callable[[], Backend | Unavailable]]:
    """Other packages' backends of this operator, whose entry points are named `OPERATOR.NAME`."""
    named = {name.rpartition("."): plugin for name, plugin in plugins.announced("backends").items()}
    return {
        name: partial(plugin.backend, _backend_of) for (of, _, name), plugin in named.items() if of == operator_name
    }


def _backend_of(module: Any) -> Backend:
    assigned: Backend = module.BACKEND
    return assigned


def _assigned_backend(module: str) -> Backend:
    return _backend_of(import_module(module))


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
    if isinstance(found, Unavailable):
        return found
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
    folders = {_folder("impls"), *plugin_folders("operators")}
    files = [file for folder in sorted(folders) for file in sorted(folder.rglob("*.py"))]
    return {file.stem: look for file in files if (look := _look(file)) is not None}


def plugin_folders(group: str) -> Iterator[Path]:
    """Of other packages' entry points, those that can be found."""
    for plugin in plugins.announced(group).values():
        with suppress(UsageError, ImportError):
            yield _folder(plugin.module)


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
    return _loaded("sweeps", name, _sweep_of)


def _sweep_of(module: Any) -> Sweep:
    assigned: Sweep = module.SWEEP
    return assigned


def report(name: str) -> Report:
    """Raises UsageError for an unknown name."""
    return _loaded("reports", name, _report_of)


def _report_of(module: Any) -> Report:
    assigned: Report = module.REPORT
    return assigned


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
    for node in _top_level(ast.parse(file.read_text(encoding="utf-8")).body):
        if isinstance(node, ast.Assign):
            found |= {target.id: node.value for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node.value
        elif isinstance(node, ast.ImportFrom):
            names = (name.asname or name.name for name in node.names)
            found |= dict.fromkeys(name for name in names if name in {"BACKEND", "SWEEP", "REPORT"})
    return found


def _top_level(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """A module's statements, and those within `try` and `if`, one of which runs when it is imported."""
    for node in body:
        yield node
        if isinstance(node, ast.Try | ast.If):
            handlers = [statement for handler in getattr(node, "handlers", ()) for statement in handler.body]
            yield from _top_level([*node.body, *handlers, *node.orelse])


def _operator_names(file: Path) -> list[str]:
    """The keys of the module's `OPERATORS`, or the name of its folder."""
    several = _assigned(file).get("OPERATORS")
    if not isinstance(several, ast.Dict):
        return [file.parent.name]
    return [key.value for key in several.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]


def _announced(group: str) -> dict[str, str]:
    return {name: plugin.module for name, plugin in plugins.announced(group).items()}
