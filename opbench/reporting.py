"""From a run's records to its files: every report there is, and the page that puts them together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opbench import catalog
from opbench.ceilings.believing import with_limits
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
    """What all reports make of the records, in page order. Raises UsageError where one of them cannot be made."""
    reports = {name: catalog.report(name) for name in catalog.reports()}
    made: list[Artifact] = []
    for name in sorted(reports, key=lambda name: reports[name].order):
        with _made_of_records(f"report {name!r}"):
            made += reports[name].render(records)
    return made


@contextmanager
def _made_of_records(what: str) -> Iterator[None]:
    """Records may be whole and say what none of ours would, such as a size that their operator does not have."""
    try:
        yield
    except (ArithmeticError, LookupError, TypeError, ValueError) as exc:
        raise UsageError(
            f"{what} cannot be made of what these records hold ({type(exc).__name__}: {exc!s:.200}); leave out records "
            "that are not as they were written, or mend the report"
        ) from exc


def write_report(run: Run, backends: Sequence[str] = ()) -> Path:
    """Render every report of the run into its folder and return the page's path.

    With backends named, only their records, into a folder of its own below the run's.
    Raises UsageError when the run's records cannot be read, hold none of a named backend or what no report can be made
    of, when a report names a file that is none below the run's folder, and where a link would lead out of it;
    MachineError when a file cannot be written. Nothing is written before all names are known to be good.
    """
    records = with_limits(run.records())
    folder = ""
    if backends:
        records = _only(records, backends)
        folder = f"only/{slug('+'.join(backends))}/"
    try:
        artifacts = artifacts_of(records)
        with _made_of_records("the page"):
            page = catalog.page()(records, artifacts).encode()
    except UsageError as exc:
        raise UsageError(f"{run.records_file}: {exc}") from exc
    for name in (PAGE, *(artifact.name for artifact in artifacts)):
        _check_place(run.folder, folder + name)
    for artifact in artifacts:
        run.write(folder + artifact.name, artifact.data)
    return run.write(folder + PAGE, page)


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
