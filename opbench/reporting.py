"""From a run's records to its files: every report there is, and the page that puts them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opbench import catalog
from opbench.ceilings.believing import with_limits
from opbench.errors import unknown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from opbench.record import Record
    from opbench.report import Artifact
    from opbench.store import Run

PAGE = "report.html"


def artifacts_of(records: list[Record]) -> list[Artifact]:
    """What all reports make of the records, in page order."""
    reports = sorted((catalog.report(name) for name in catalog.reports()), key=lambda report: report.order)
    return [artifact for report in reports for artifact in report.render(records)]


def write_report(run: Run, backends: Sequence[str] = ()) -> Path:
    """Render every report of the run into its folder and return the page's path.

    With backends named, only their records, into a folder of its own below the run's.
    Raises UsageError when the run's records cannot be read or hold none of a named backend, MachineError when a
    file cannot be written.
    """
    records = with_limits(run.records())
    folder = ""
    if backends:
        records = _only(records, backends)
        folder = f"only/{'+'.join(backends).replace(':', '_')}/"
    artifacts = artifacts_of(records)
    for artifact in artifacts:
        run.write(folder + artifact.name, artifact.data)
    return run.write(folder + PAGE, catalog.page()(records, artifacts).encode())


def _only(records: list[Record], backends: Sequence[str]) -> list[Record]:
    known = {record.case.backend for record in records}
    for name in backends:
        if name not in known:
            raise unknown("backend", name, known, "in this run")
    return [record for record in records if record.case.backend in backends]
