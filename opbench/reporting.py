"""From a run's records to its files: every report there is, and the page that puts them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opbench import catalog

if TYPE_CHECKING:
    from pathlib import Path

    from opbench.record import Record
    from opbench.report import Artifact
    from opbench.store import Run

PAGE = "report.html"


def artifacts_of(records: list[Record]) -> list[Artifact]:
    """What all reports make of the records, in page order."""
    reports = sorted((catalog.report(name) for name in catalog.reports()), key=lambda report: report.order)
    return [artifact for report in reports for artifact in report.render(records)]


def write_report(run: Run) -> Path:
    """Render every report of the run into its folder and return the page's path.

    Raises UsageError when the run's records cannot be read, MachineError when a file cannot be written.
    """
    records = run.records()
    artifacts = artifacts_of(records)
    for artifact in artifacts:
        run.write(artifact.name, artifact.data)
    return run.write(PAGE, catalog.page()(records, artifacts).encode())
