"""`opbench profile --simulate=ptx`: what one call of a GPU backend costs, counted without a GPU, on one page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opbench import catalog, simulation
from opbench.cli.plain import plain
from opbench.errors import UsageError
from opbench.planning.checks import compiled_for
from opbench.profiling.case_options import CaseOptions, select_case
from opbench.profiling.output_folder import create_run
from opbench.profiling.simulated_case import Launched, SimulatedProfile, profile_simulated

ROWS = 8
"""Lines of the source in the terminal, those with the most sectors."""

PAGE_FILE = "profile.html"


def run(
    options: CaseOptions, way: str, asked_for: str, device: str, measures: bool, results: Path, as_json: bool
) -> int:
    """Profile the case, show it, and return the exit code: 1 where its result is wrong.

    asked_for: the architecture, "" for sm_90. measures: whether something was asked for that only a measurement has.
    """
    architecture = compiled_for(way, asked_for)
    if way != simulation.PTX:
        raise UsageError(
            f"--simulate={way}: profile takes ptx alone; interpreters of the source count nothing (opbench check "
            "--simulate)"
        )
    if device == "cuda" or measures:
        asked = "--device cuda" if device == "cuda" else "--ncu, --perf and --compile-times"
        raise UsageError(f"--simulate=ptx measures nothing and needs no GPU; leave {asked} away")
    profile = profile_simulated(select_case(options, "cpu"), architecture)
    output, notice = create_run(results)
    render = catalog.shown_by("pages.simulated_profile_page.render")
    page = output.write(PAGE_FILE, render(profile).encode())
    if as_json:
        print(json.dumps(_facts(profile) | {"profile": str(page.resolve())}))
    else:
        _show(profile)
        if notice:
            print(plain(notice, keep="\n"))
        print(f"profile: {page.resolve()}")
    return 0 if profile.checked == "right" else 1


def _show(profile: SimulatedProfile) -> None:
    case = profile.case
    print(plain(f"{case.point} {case.label}: {profile.by} for {profile.architecture}; {profile.checked}"))
    work = profile.work
    for name, least, distinct, moved in (
        ("read", work.bytes_read, profile.distinct_read_bytes, profile.read_bytes),
        ("written", work.bytes_written, profile.distinct_written_bytes, profile.written_bytes),
    ):
        ratio = f"{distinct / least:.2f} and {moved / least:.2f} times the least, " if least else ""
        print(f"  {name:8} {distinct:,} bytes in distinct sectors, {moved:,} in all requests: {ratio}{least:,}")
    for launched in profile.launches:
        _show_launch(launched)
    for sentence in profile.refusals:
        print(plain(f"not to be had: {sentence}", keep="\n"))


def _show_launch(launched: Launched) -> None:
    cost = launched.cost
    counters = cost.counters
    print(
        plain(
            f"  {cost.kernel}: grid {cost.grid}, block {cost.block}, {sum(cost.kinds.values()):,} instructions, "
            f"{counters.divergent_branches:,} of {counters.branches:,} branches split, "
            f"{counters.conflicts:,} bank conflicts"
        )
    )
    for sentence in _sentences(launched):
        print(plain(f"    {sentence}"))
    most = sorted((line for line in cost.lines if line.sectors or line.conflicts), key=lambda line: -line.sectors)
    for line in most[:ROWS]:
        share = "" if line.coalescing is None else f"{line.coalescing:.0%} asked for"
        print(plain(f"    {line.sectors:10,} sectors {share:17} {Path(line.file).name}:{line.line} {line.text[:60]}"))


def _sentences(launched: Launched) -> list[str]:
    """Occupancy and bound, as the page says them."""
    module = "pages.simulated_profile_page"
    found = [catalog.shown_by(f"{module}.{name}")(launched) for name in ("occupancy_sentence", "bound_sentence")]
    return [each for each in found if each]


def _facts(profile: SimulatedProfile) -> dict[str, Any]:
    work = profile.work
    return {
        "case": profile.case.key,
        "by": profile.by,
        "architecture": profile.architecture,
        "checked": profile.checked,
        "least_bytes": {"read": work.bytes_read, "written": work.bytes_written},
        "distinct_bytes": {"read": profile.distinct_read_bytes, "written": profile.distinct_written_bytes},
        "moved_bytes": {"read": profile.read_bytes, "written": profile.written_bytes},
        "launches": [_launch_facts(each) for each in profile.launches],
        "refusals": list(profile.refusals),
    }


def _launch_facts(launched: Launched) -> Mapping[str, Any]:
    cost, binary, occupancy = launched.cost, launched.binary, launched.occupancy
    return {
        "kernel": cost.kernel,
        "grid": cost.grid,
        "block": cost.block,
        "instructions": cost.kinds,
        "sectors_read": cost.counters.sectors_read,
        "sectors_written": cost.counters.sectors_written,
        "bank_conflicts": cost.counters.conflicts,
        "divergent_branches": cost.counters.divergent_branches,
        "registers": None if binary is None else binary.registers,
        "spill_bytes": None if binary is None else binary.spill_bytes,
        "resident_warps": None if occupancy is None else occupancy.warps,
        "limited_by": None if occupancy is None else occupancy.limited_by,
        "no_less_than_s": None if launched.bound is None else launched.bound.seconds,
    }
