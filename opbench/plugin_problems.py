"""What is said of plug-ins, and of folders, that are left out, or not taken as they were meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from opbench import catalog, operator_backends, plugins
from opbench.errors import UsageError
from opbench.looks import look_problems


def plugin_problems() -> list[str]:
    """One line for every plug-in whose name is taken, for every backend that names no operator or whose look cannot be
    read, and for every folder that has the name of a package of ours.
    """
    if not any(map(plugins.announced, plugins.GROUPS)):
        return [*catalog.HIDDEN]
    known = {
        "operators": catalog.own_operators(),
        "sweeps": catalog.own_sweeps(),
        "reports": catalog.own_reports(),
        "backends": (),
    }
    clashes = [line for group, names in known.items() for line in plugins.clashes(group, names)]
    return [*catalog.HIDDEN, *clashes, *_unused_backends(), *look_problems()]


def _unused_backends() -> Iterator[str]:
    """Backends whose operator is unknown, or has one of that name itself."""
    for full_name, plugin in plugins.announced("backends").items():
        of, _, name = full_name.rpartition(".")
        package = catalog.operators().get(of)
        if package is None:
            told = f"there is no operator {of!r}" if of else "its name has no operator"
            yield f"{plugin} is left out: {told}; name the entry point OPERATOR.NAME, with one of `opbench ls`"
            continue
        with suppress(UsageError):  # of an operator that cannot be loaded: that is told already
            if name in operator_backends.own_makers(catalog.operator(of), package):
                yield f"{plugin} is left out: {of!r} has a backend {name!r} itself; rename the entry point"
