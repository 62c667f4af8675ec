"""What is to be made and what it is called; a name that cannot be used, or that somebody has, is refused."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from opbench import catalog, plugins
from opbench.errors import UsageError, unknown

KINDS = ("operator", "backend", "sweep", "report", "file")

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 64
"""Characters of a name: those of `opbench_OPERATOR_NAME.py` have to fit into the 255 bytes of a file's name."""


@dataclass(frozen=True)
class Scaffold:
    """One package, or of kind `file` one file, that is to be written.

    kind: one of KINDS. name: by which commands know it. operator: whose backend it is, else "". language: of the GPU
    kernel that a backend is to have, `triton`, else "".
    """

    kind: str
    name: str
    operator: str = ""
    language: str = ""

    @property
    def module(self) -> str:
        """What is imported: `opbench_gated`, `opbench_cross_hadamard_slices`, `opbench_plane_sweep`; a file's own name.

        The prefix keeps it apart from modules of Python and of other packages.
        """
        if self.kind == "file":
            return self.name
        words = {"operator": (), "backend": (), "sweep": ("sweep",), "report": ("report",)}[self.kind]
        return "_".join(filter(None, ("opbench", self.operator, self.name, *words)))

    @property
    def distribution(self) -> str:
        """The name of the package and of its folder: `opbench-gated`."""
        return self.module.replace("_", "-")


def scaffold_for(kind: str, text: str, language: str = "") -> Scaffold:
    """What `opbench new KIND TEXT` is to write. text: a name; of a backend `OPERATOR.NAME`. language: as in `Scaffold`.

    Raises UsageError for an unknown kind, a name that is none, one that opbench or an installed package has, and a
    language for anything but a backend.
    """
    if kind not in KINDS:
        raise unknown("kind", kind, KINDS, "to make")
    if language and kind != "backend":
        raise UsageError(
            f"--{language} makes a backend with a kernel, not kind {kind!r}; leave it away, or make a backend"
        )
    operator, _, name = text.rpartition(".") if kind == "backend" else ("", "", text)
    if kind == "backend" and not (operator and name):
        raise UsageError(f"backend is {text!r}; expected OPERATOR.NAME, such as cross_hadamard.slices")
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or len(name) > _LONGEST:
        raise UsageError(
            f"{kind} is named {name!r}; expected up to {_LONGEST} lower-case letters, digits and single _ between "
            "them, no keyword of Python, such as row_norm"
        )
    found = Scaffold(kind, name, operator, language)
    _refuse_taken(found)
    return found


def _refuse_taken(made: Scaffold) -> None:
    """Raises UsageError where what is to be made would be left out, or hide what there is."""
    match made.kind:
        case "operator":  # its package announces a sweep of that name too
            _refuse_known("operator", made.name, catalog.operators())
            _refuse_known("sweep", made.name, catalog.sweeps())
        case "sweep":
            _refuse_known("sweep", made.name, catalog.sweeps())
        case "report":
            _refuse_known("report", made.name, catalog.reports())
        case "backend" if made.name in catalog.backend_names(made.operator):
            plugin = plugins.announced("backends").get(f"{made.operator}.{made.name}")
            whose = "" if plugin is None else f", of {plugin.distribution} ({plugin.module})"
            raise UsageError(
                f"operator {made.operator!r} has a backend {made.name!r} already{whose}; choose another name"
            )
    if (spec := find_spec(made.module)) is not None:
        raise UsageError(
            f"there is a module {made.module!r} already, {spec.origin or 'a folder'}; choose another name than "
            f"{made.name!r}"
        )


def _refuse_known(kind: str, name: str, known: Mapping[str, str]) -> None:
    if name not in known:
        return
    theirs = catalog.is_plugin(f"{kind}s", name)
    whose = f" of {plugins.announced(f'{kind}s')[name].distribution}" if theirs else ""
    raise UsageError(f"there is {_ARTICLES[kind]} {name!r} already, {known[name]}{whose}; choose another name")


_ARTICLES = {"operator": "an operator", "sweep": "a sweep", "report": "a report"}
