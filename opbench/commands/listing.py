"""`opbench ls`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable

from opbench import catalog, kept_listing
from opbench.cli.plain import plain
from opbench.errors import UsageError
from opbench.plugin_problems import plugin_problems


def run(as_json: bool) -> int:
    problems = plugin_problems()
    basis = kept_listing.basis()
    found = kept_listing.read(basis) if basis else None
    if found is None:
        broken: list[str] = []
        found = described(broken.append)
        if basis and not broken:
            kept_listing.keep(basis, found)
        problems += broken
    for problem in problems:
        print(plain(problem), file=sys.stderr)
    if as_json:
        print(json.dumps(found))
        return 0
    for kind, entries in found.items():
        print(f"{kind}:")
        width = max(map(len, entries), default=0)
        for name, about in entries.items():
            print(f"  {name:{width}}  {about}")
    return 0


def described(tell: Callable[[str], object]) -> kept_listing.Listing:
    """What everything is about, each imported for it; `tell` gets a line for each plug-in that is broken."""

    def entries(names: Iterable[str], about: Callable[[str], str]) -> dict[str, str]:
        found = {}
        for name in names:
            try:
                found[name] = about(name)
            except UsageError as exc:
                tell(str(exc))
        return found

    return {
        "operators": entries(catalog.operators(), lambda name: catalog.operator(name).about),
        "sweeps": entries(catalog.sweeps(), lambda name: catalog.sweep(name).question),
        "reports": entries(catalog.reports(), lambda name: catalog.report(name).about),
    }
