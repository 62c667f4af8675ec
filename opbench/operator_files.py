"""Operators that stand in a file of the user's own, or in a module: found where they are named, in every process.

Which files are in use stands in the environment variable OPBENCH_OPERATORS, so that processes that are started know
them too. What a file declares is whatever has a method `opbench_operator` (see `opbench.custom.declared`).
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from opbench.cli.plain import plain
from opbench.errors import UsageError, describe_exception, first_line, unknown

if TYPE_CHECKING:
    from opbench.vocabulary.operator import Operator

VARIABLE = "OPBENCH_OPERATORS"


def is_file(text: str) -> bool:
    """Whether a word of the command line is a file or a module: `my_ops.py`, `my_ops.py:rmsnorm`, `package.module`."""
    stem = text.partition(":")[0]
    return stem.endswith(".py") or ("." in stem and "/" not in stem and not stem.startswith("."))


def run_name(text: str) -> str:
    """Under which name runs of what is measured are kept: `my_ops` of `a/my_ops.py:rmsnorm`, else the word as it is,
    without what follows a colon: `package.module`.
    """
    stem = text.partition(":")[0]
    return Path(stem).stem if stem.endswith(".py") else stem


def use(text: str) -> list[str]:
    """Have this process, and those it starts, know the operators of a file or module; their names.

    `FILE:NAME` is one of them. Raises UsageError for a file that is not there, cannot be imported or declares none.
    """
    stem, _, name = text.partition(":")
    place = str(Path(stem).resolve()) if stem.endswith(".py") else stem
    found = _declared(place)
    if name and name not in found:
        raise unknown("operator", name, found, f"in {stem}")
    used = os.environ.get(VARIABLE, "").split(os.pathsep)
    if place not in used:
        os.environ[VARIABLE] = os.pathsep.join([*filter(None, used), place])
    return [name] if name else list(found)


def one_operator(text: str) -> str:
    """The name of an operator, which may be given by a file that declares it. Raises UsageError for one of several."""
    if not is_file(text):
        return text
    names = use(text)
    if len(names) > 1:
        raise UsageError(f"{text} declares {', '.join(names)}; name one, such as {text}:{names[0]}")
    return names[0]


def operators() -> Mapping[str, Operator]:
    """Those of all files in use. Raises UsageError as `use`."""
    if VARIABLE not in os.environ:  # as nearly always, and a plan asks at every point
        return {}
    places = filter(None, os.environ.get(VARIABLE, "").split(os.pathsep))
    return {name: operator for place in places for name, operator in _declared(place).items()}


@lru_cache(maxsize=16)
def _declared(place: str) -> Mapping[str, Operator]:
    module = _imported(place)
    declared = [value for value in vars(module).values() if hasattr(type(value), "opbench_operator")]
    found: dict[str, Operator] = {}
    for operator in (one.opbench_operator() for one in dict.fromkeys(declared)):
        if operator.name in found:
            raise UsageError(f"{place} declares two operators {operator.name!r}; give one another name")
        found[operator.name] = operator
    if not found:
        raise UsageError(f"{place} declares no operator; expected a function under @opbench.operator(...)")
    return found


def _imported(place: str) -> ModuleType:
    """The module of a file, by the name that other processes import it under, or of a dotted name."""
    name = place
    if place.endswith(".py"):
        path = Path(place)
        if not path.is_file():
            raise UsageError(f"there is no file {place}; expected one that declares operators")
        name = path.stem
        if not name.isidentifier():
            raise UsageError(f"{place} cannot be imported under the name {name!r}; rename it to letters, digits and _")
        sys.path[:] = [str(path.parent), *(one for one in sys.path if one != str(path.parent))]
        spec = find_spec(name)
        if spec is None or spec.origin is None or Path(spec.origin) != path:
            raise UsageError(
                f"{place} cannot be imported: {name!r} is {spec and spec.origin}; give the file another name"
            )
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):  # which belongs to what the command prints, JSON among it
            return import_module(name)
    except SystemExit as exc:
        said = repr(first_line(exc.code)) if isinstance(exc.code, str) else f"exit code {exc.code or 0}"
        raise UsageError(
            f"{place} ends the process when it is imported ({said}){_line(exc, place)}; guard that by __name__"
        ) from exc
    except Exception as exc:
        raise UsageError(f"{place} cannot be imported: {describe_exception(exc)}{_line(exc, place)}") from exc
    finally:
        if first := first_line(printed.getvalue()):
            told = f"{place} prints when it is imported, {first!r:.80} first; guard that by __name__"
            print(plain(told), file=sys.stderr)


def _line(exc: BaseException, place: str) -> str:
    """In which line of the file it happened, where that can be told."""
    if isinstance(exc, SyntaxError):
        return f" (line {exc.lineno})"
    lines = []
    trace = exc.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == place:
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return f" (line {lines[-1]})" if lines else ""
