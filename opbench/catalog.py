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

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any, TypeVar

from opbench import operator_backends, operator_files, own_packages, plugins
from opbench.assignments import modules_assigning, operator_names, operator_packages
from opbench.errors import UsageError, unknown
from opbench.vocabulary.backend import Backend
from opbench.vocabulary.operator import Operator
from opbench.vocabulary.record import Unavailable
from opbench.vocabulary.report import Page, Report
from opbench.vocabulary.sweep import Sweep

Known = TypeVar("Known")

HIDDEN = own_packages.put_first()
"""One line for every folder that would have been taken for a package of ours."""

_DEFINED: dict[str, Operator] = {}


@lru_cache(maxsize=1)
def operators() -> dict[str, str]:
    """Operator names and the packages that hold them."""
    return _announced("operators") | own_operators()


@lru_cache(maxsize=1)
def sweeps() -> dict[str, str]:
    """Sweep names and the modules that hold them."""
    return _announced("sweeps") | own_sweeps()


@lru_cache(maxsize=1)
def reports() -> dict[str, str]:
    """Report names and the modules that hold them."""
    return _announced("reports") | own_reports()


def own_operators() -> dict[str, str]:
    """Those that come with opbench; likewise `own_sweeps` and `own_reports`."""
    return {name: package for file, package in operator_packages("impls") for name in operator_names(file)}


def own_sweeps() -> dict[str, str]:
    return modules_assigning("sweeps", "SWEEP")


def own_reports() -> dict[str, str]:
    return modules_assigning("reports", "REPORT", below=True)


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


def _backend_makers(operator_name: str) -> dict[str, operator_backends.Make]:
    return operator_backends.makers(operator(operator_name), _package(operator_name))


def _package(operator_name: str) -> str:
    """Where the operator's files are; "" where it stands in no package."""
    return "" if _defined(operator_name) is not None else operators()[operator_name]


def backend(operator_name: str, name: str) -> Backend | Unavailable:
    """The backend, or why its library is missing. `name` may carry a schedule (`triton_jit:balanced`).

    Raises UsageError for an unknown operator, backend or schedule.
    """
    stem, _, schedule = name.partition(":")
    make = _look_up("backend", stem, _backend_makers(operator_name), f"for operator {operator_name!r}")
    found = operator_backends.made(make)
    if isinstance(found, Unavailable):
        return found
    found = operator_backends.as_far_as(operator(operator_name), found)
    if schedule and schedule not in found.schedules:
        where = f"of backend {stem!r} for operator {operator_name!r}"
        raise unknown("schedule", schedule, found.schedules, where)
    return found


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


def _announced(group: str) -> dict[str, str]:
    return {name: plugin.module for name, plugin in plugins.announced(group).items()}
