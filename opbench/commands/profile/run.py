"""`opbench profile`: one case measured, traced and taken apart, on one page."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median

from opbench.cli.options import resolve_device
from opbench.cli.plain import plain
from opbench.cli.progress import in_words, reporter, told
from opbench.errors import MachineError
from opbench.process.garbage import uncollected
from opbench.profiling.case_options import CaseOptions, select_case
from opbench.profiling.case_profile import Profile
from opbench.profiling.output_folder import create_run
from opbench.profiling.profiler import OptionalSteps, Profiler
from opbench.store.lock import measuring
from opbench.store.runs import Run
from opbench.vocabulary.record import Failed, Measured, Mismatch
from opbench.vocabulary.settings import Settings

ROWS = 8
"""Rows of the table of kernels in the terminal."""


def run(
    options: CaseOptions,
    device: str,
    steps: OptionalSteps,
    settings: Settings,
    results: Path,
    wait: bool,
    as_json: bool,
) -> int:
    """Profile the case, show it, and return the exit code."""
    device, missing = _find_device(device)
    with uncollected():  # what knows the case is imported
        case = select_case(options, device)
    output, notice = create_run(results)
    with reporter(silent=as_json) as shown, _device_lock(device, missing, shown.note, wait):
        profiler = Profiler(case, output, settings, steps, shown)
        if notice:
            profiler.refuse(notice)
        profile = profiler.profile_without_device(missing) if missing else profiler.profile()
        page = profiler.write_page(profile)
    profile = replace(profile, refusals=tuple(profiler.refusals))
    _show(profile, profiler.run, page, as_json)
    return _exit_code(profile)


def _find_device(name: str) -> tuple[str, str]:
    """The device, and why it is not here; a GPU that is not here is no reason to say nothing of its kernels."""
    try:
        return resolve_device(name), ""
    except MachineError as exc:
        return name, str(exc)


def _device_lock(device: str, missing: str, tell: Callable[[str], None], wait: bool) -> AbstractContextManager[None]:
    """Nothing else measures on the device meanwhile; one that is not here is measured by nobody."""
    return nullcontext() if missing else measuring(device, tell, wait)


def _exit_code(profile: Profile) -> int:
    if isinstance(profile.record.outcome, Measured):
        return 0
    return 1 if isinstance(profile.record.outcome, Mismatch | Failed) else MachineError.exit_code


def _show(profile: Profile, output: Run, page: Path, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_facts(profile, output, page)))
        return
    record = profile.record
    print(told(record))
    _show_split(record.outcome)
    for row in profile.kernels[:ROWS]:
        print(plain(f"  {row.share:6.1%}  {row.seconds * 1e6:10.3f} us x {row.calls:<5g} {row.name[:70]}"))
    for kernel in profile.resources:
        registers = "?" if kernel.registers is None else kernel.registers
        print(plain(f"  {kernel.name}: {registers} registers, {kernel.source}"))
    for line in (line for values in profile.counted for line in values.lines()):
        print(plain(line))
    for sentence in profile.refusals:
        print(plain(f"not to be had: {sentence}", keep="\n"))
    if profile.trace:
        print(f"trace: {(output.folder / profile.trace).resolve()} (ui.perfetto.dev, Open trace file)")
    print(f"profile: {page.resolve()}")


def _show_split(outcome: object) -> None:
    if not isinstance(outcome, Measured):
        return
    sum_s = sum(outcome.split.values())
    parts = ", ".join(
        f"{part} {part_s / sum_s:.0%}" for part, part_s in outcome.split.items() if part_s > 0.005 * sum_s
    )
    if parts or outcome.split_reason:
        print(plain("; ".join(filter(None, (parts, outcome.split_reason)))))


def _facts(profile: Profile, output: Run, page: Path) -> dict[str, object]:
    outcome = profile.record.outcome
    facts: dict[str, object] = {"case": profile.record.case.key, "outcome": type(outcome).__name__.lower()}
    if isinstance(outcome, Measured):
        facts |= {"median_s": median(outcome.samples_s), "split": dict(outcome.split), "figures": dict(outcome.figures)}
    else:
        facts["reason"] = in_words(outcome)
    facts |= {"counted": [asdict(values) for values in profile.counted], "refusals": list(profile.refusals)}
    files = {"trace": output.folder / profile.trace} if profile.trace else {}
    return facts | {name: str(path.resolve()) for name, path in {**files, "profile": page}.items()}
