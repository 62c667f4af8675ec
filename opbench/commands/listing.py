"""`opbench ls`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable

from opbench import catalog
from opbench.cli.plain import plain
from opbench.errors import UsageError
from opbench.plugin_problems import plugin_problems


def run(as_json: bool) -> int:
    problems = plugin_problems()

    def described(names: Iterable[str], about: Callable[[str], str]) -> dict[str, str]:
        """By name, what each is about; a plug-in that is broken becomes a problem instead."""
        found = {}
        for name in names:
            try:
                found[name] = about(name)
            except UsageError as exc:
                problems.append(str(exc))
        return found

    found = {
        "operators": described(catalog.operators(), lambda name: catalog.operator(name).about),
        "sweeps": described(catalog.sweeps(), lambda name: catalog.sweep(name).question),
        "reports": described(catalog.reports(), lambda name: catalog.report(name).about),
    }
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
