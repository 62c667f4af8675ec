"""`opbench merge`: runs of one sweep put together, and the report of all of them."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from opbench.cli.plain import plain
from opbench.merging.merge import merge
from opbench.running.reporting import write_report
from opbench.store import runs


def run(names: tuple[str, ...], results: Path, partial: bool, as_json: bool) -> int:
    """0 once the new run and its report are written, `partial` or not. Raises as `merge`."""
    merged = merge([runs.find_run(results, name) for name in names], results, partial=partial)
    for one in merged.missing:
        print(plain(f"left out: {one}"), file=sys.stderr)
    page = write_report(merged.run).page.resolve()
    kinds = Counter(record.case.point.device for record in merged.run.listed().told_apart(merged=True))
    if as_json:
        told = {"run": str(merged.run.folder), "cases": dict(sorted(kinds.items())), "report": str(page)}
        print(json.dumps(told | {"missing": [str(one) for one in merged.missing]}))
        return 0
    print(f"{len(set(names))} runs: {merged.run.folder}")
    for kind, count in sorted(kinds.items()):
        print(plain(f"{count} case{'s' * (count != 1)} on {kind}"))
    print(f"report: {page}")
    return 0
