"""`opbench ls`."""

from __future__ import annotations

import json

from opbench import catalog


def run(as_json: bool) -> int:
    found = {
        "operators": {name: catalog.operator(name).about for name in catalog.operators()},
        "sweeps": {name: catalog.sweep(name).question for name in catalog.sweeps()},
        "reports": {name: catalog.report(name).about for name in catalog.reports()},
    }
    if as_json:
        print(json.dumps(found))
        return 0
    for kind, entries in found.items():
        print(f"{kind}:")
        width = max(map(len, entries), default=0)
        for name, about in entries.items():
            print(f"  {name:{width}}  {about}")
    return 0
