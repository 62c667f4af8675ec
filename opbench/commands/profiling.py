"""`opbench profile`: one case measured, traced and taken apart, on one page."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from opbench.errors import MachineError
from opbench.lock import measuring
from opbench.options import resolve_device
from opbench.plain import plain
from opbench.profiling import counted
from opbench.profiling.asking import Typed, case_of
from opbench.profiling.finding import Finding, Wanted
from opbench.profiling.place import new_place
from opbench.progress import in_words, reporter, told
from opbench.record import Failed, Measured, Mismatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from opbench.profiling.profiled import Profile
    from opbench.settings import Settings
    from opbench.store import Run

ROWS = 8
"""Rows of the table of kernels in the terminal."""


@dataclass(frozen=True)
class Asked:
    """The command's options."""

    typed: Typed
    device: str
    wanted: Wanted
    settings: Settings
    results: Path
    wait: bool
    as_json: bool


def run(asked: Asked) -> int:
    device, missing = _device(asked.device)
    case = case_of(asked.typed, device)
    target, elsewhere = new_place(asked.results)
    with reporter(silent=asked.as_json) as shown, _turn(device, missing, shown.note, asked.wait):
        finding = Finding(case, target, asked.settings, asked.wanted, shown)
        if elsewhere:
            finding.refuse(elsewhere)
        profile = finding.without_device(missing) if missing else finding.measured()
        page = finding.page(profile)
    profile = replace(profile, refusals=tuple(finding.refusals))
    _show(profile, finding.run, page, asked.as_json)
    return _code(profile)


def _device(name: str) -> tuple[str, str]:
    """The device, and why it is not here; a GPU that is not here is no reason to say nothing of its kernels."""
    try:
        return resolve_device(name), ""
    except MachineError as exc:
        return name, str(exc)


def _turn(device: str, missing: str, tell: Callable[[str], None], wait: bool) -> AbstractContextManager[None]:
    """Nothing else measures on the device meanwhile; one that is not here is measured by nobody."""
    return nullcontext() if missing else measuring(device, tell, wait)


def _code(profile: Profile) -> int:
    if isinstance(profile.record.outcome, Measured):
        return 0
    return 1 if isinstance(profile.record.outcome, Mismatch | Failed) else MachineError.exit_code


def _show(profile: Profile, target: Run, page: Path, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_facts(profile, target, page)))
        return
    record = profile.record
    print(told(record))
    _show_split(record.outcome)
    for row in profile.kernels[:ROWS]:
        print(plain(f"  {row.share:6.1%}  {row.seconds * 1e6:10.3f} us x {row.calls:<5g} {row.name[:70]}"))
    for one in profile.resources:
        registers = "?" if one.registers is None else one.registers
        print(plain(f"  {one.name}: {registers} registers, {one.source}"))
    for line in (line for one in profile.counted for line in counted.lines(one)):
        print(plain(line))
    for sentence in profile.refusals:
        print(plain(f"not to be had: {sentence}", keep="\n"))
    if profile.trace:
        print(f"trace: {(target.folder / profile.trace).resolve()} (ui.perfetto.dev, Open trace file)")
    print(f"profile: {page.resolve()}")


def _show_split(outcome: object) -> None:
    if not isinstance(outcome, Measured):
        return
    whole = sum(outcome.split.values())
    parts = ", ".join(f"{name} {value / whole:.0%}" for name, value in outcome.split.items() if value > 0.005 * whole)
    if parts or outcome.split_reason:
        print(plain("; ".join(filter(None, (parts, outcome.split_reason)))))


def _facts(profile: Profile, target: Run, page: Path) -> dict[str, object]:
    outcome = profile.record.outcome
    facts: dict[str, object] = {"case": profile.record.case.key, "outcome": type(outcome).__name__.lower()}
    if isinstance(outcome, Measured):
        facts |= {"median_s": median(outcome.samples_s), "split": dict(outcome.split), "figures": dict(outcome.figures)}
    else:
        facts["reason"] = in_words(outcome)
    facts |= {"counted": [asdict(one) for one in profile.counted], "refusals": list(profile.refusals)}
    files = {"trace": target.folder / profile.trace} if profile.trace else {}
    return facts | {name: str(path.resolve()) for name, path in {**files, "profile": page}.items()}
