"""From a run's records to its files: every report there is, and the page that puts them together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from opbench import catalog
from opbench.ceilings.validation import with_limits
from opbench.errors import UsageError, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from opbench.record import Record
    from opbench.report import Artifact
    from opbench.store import Run

PAGE = "report.html"

_NAME = re.compile(r"([\w+-][\w.+-]*/)*[\w+-][\w.+-]*", re.ASCII)


def artifacts_of(records: list[Record]) -> list[Artifact]:
    """What all reports make of the records, in page order."""
    reports = sorted((catalog.report(name) for name in catalog.reports()), key=lambda report: report.order)
    return [artifact for report in reports for artifact in report.render(records)]


def write_report(run: Run, backends: Sequence[str] = ()) -> Path:
    """Render every report of the run into its folder and return the page's path.

    With backends named, only their records, into a folder of its own below the run's.
    Raises UsageError when the run's records cannot be read or hold none of a named backend, when a report names a file
    that is none below the run's folder, and where a link would lead out of it; MachineError when a file cannot be
    written. Nothing is written before all names are known to be good.
    """
    records = with_limits(run.records())
    folder = ""
    if backends:
        records = _only(records, backends)
        folder = f"only/{slug('+'.join(backends))}/"
    artifacts = artifacts_of(records)
    for name in (PAGE, *(artifact.name for artifact in artifacts)):
        _check_place(run.folder, folder + name)
    for artifact in artifacts:
        run.write(folder + artifact.name, artifact.data)
    return run.write(folder + PAGE, catalog.page()(records, artifacts).encode())


def slug(name: str) -> str:
    """A name out of a record as a file's: letters, digits, `+`, `-` and `_`, so that it is no path, cut to 100."""
    return re.sub(r"[^A-Za-z0-9+-]+", "_", name)[:100]


def _check_place(folder: Path, name: str) -> None:
    """Raises UsageError where the name is not that of a file in or below the folder, itself or through a link."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"a report names its file {name!r:.200}; expected words of letters, digits and ._+- between /")
    for above in (folder / name).parents:
        if above == folder:
            return
        if above.is_symlink():
            raise UsageError(
                f"{above} is a link to {above.readlink()}, and a report is written into its run's folder only; "
                "remove the link"
            )


def _only(records: list[Record], backends: Sequence[str]) -> list[Record]:
    known = {record.case.backend for record in records}
    for name in backends:
        if name not in known:
            raise unknown("backend", name, known, "in this run")
    return [record for record in records if record.case.backend in backends]
