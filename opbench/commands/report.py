"""`opbench report`: everything that can be made from a run's records, made again."""

from __future__ import annotations

import json
from pathlib import Path

from opbench.running.reporting import write_report
from opbench.store import runs


def run(name: str, backends: tuple[str, ...], results: Path, as_json: bool) -> int:
    page = write_report(runs.find_run(results, name), backends).page.resolve()
    print(json.dumps({"report": str(page)}) if as_json else f"report: {page}")
    return 0
