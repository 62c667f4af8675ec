"""One case's profile as one self-contained HTML page: figures inlined, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median

from markupsafe import Markup

from opbench.profiling.case_profile import Profile
from opbench.profiling.hardware_counters.counter_values import CounterValues, unit_suffix
from opbench.profiling.kernel_table import KernelRow
from opbench.vocabulary.backend import KernelResources
from opbench.vocabulary.record import Measured, Outcome, Record
from reports.data import units
from reports.data.naming import devices
from reports.data.problems import headline, reason
from reports.data.record_cells import cells
from reports.data.split_bars import PointBars, bar_of, in_order
from reports.figures import trials
from reports.figures.time_split import colour, drawing
from reports.layout.inline_svg import inline_svg
from reports.layout.scripts import COMMON
from reports.layout.templates import filled_page
from reports.pages import summary

SCRIPTS = (*COMMON, "simple_page")

MOST_ROWS = 40
"""Rows of the table of kernels; the file beside the page has them all."""

_UNITS: Mapping[str, Callable[[float], str]] = {
    "_s": units.seconds,
    "_bytes": units.data_size,
    "_bytes_per_s": lambda value: f"{units.quantity(value)}B/s",
}


def render(profile: Profile) -> str:
    """Write the page, whatever of the profile could not be had."""
    record = profile.record
    measured = record.outcome if isinstance(record.outcome, Measured) else None
    return filled_page(
        "profile.html.jinja",
        SCRIPTS,
        operator=record.case.point.operator,
        backend=record.case.label,
        facts=facts(profile),
        headline="" if measured else headline(record.outcome),
        reason=reason(record.outcome),
        warnings=measured.warnings if measured else (),
        refusals=profile.refusals,
        split=_split_figure(record),
        split_reason=measured.split_reason if measured else "",
        parts=parts(record.outcome),
        trials=_trials_figure(record),
        kernels=[kernel_cells(row) for row in profile.kernels[:MOST_ROWS]],
        rest=max(0, len(profile.kernels) - MOST_ROWS),
        rates=any(row.bytes_per_s is not None or row.of_limit is not None for row in profile.kernels[:MOST_ROWS]),
        on_gpu=record.case.point.device == "cuda",
        calls=profile.calls,
        peak=_peak(profile),
        counted=[(values.tool, _figures(values), values.notes) for values in profile.counted],
        compile_times=_compile_times(profile),
        resources=[_resources(kernel) for kernel in profile.resources],
        trace=profile.trace,
        environment=summary.environment([record]),
    )


def facts(profile: Profile) -> list[tuple[str, str]]:
    """List name and value for the head of the page, in reading order."""
    record, point = profile.record, profile.record.case.point
    text = cells(record)
    pairs = [
        ("Point", ", ".join(f"{name}={value}" for name, value in point.axes.items()) or "-"),
        ("Setting", f"{point.dtype}, {point.mode}, {point.device}"),
        ("Median of one call", text.median),
        ("95 % interval", text.interval),
        ("Of the machine's limit", "" if record.fraction_of_limit is None else units.percent(record.fraction_of_limit)),
        ("Prepared in", text.prepare),
        ("Device", devices([record])),
        ("Revision", record.revision),
    ]
    return [(name, value) for name, value in pairs if value]


def parts(outcome: Outcome) -> list[tuple[str, str, str, str]]:
    """List the rows of the split: colour, part, time, share; and the sum."""
    if not isinstance(outcome, Measured) or not outcome.split:
        return []
    whole = sum(outcome.split.values())
    rows = [
        (colour(name), name, units.seconds(outcome.split[name]), units.percent(outcome.split[name] / whole))
        for name in in_order(outcome.split)
    ]
    of_median = f"{100 * whole / median(outcome.samples_s):.0f} %"  # two digits would make 113 % one of 110
    return [*rows, ("", "all parts", units.seconds(whole), f"{of_median} of the median")]


def kernel_cells(row: KernelRow) -> Mapping[str, str]:
    """Write a kernel's cells; a dash for what nobody knows."""
    return {
        "name": row.name,
        "kind": row.kind,
        "colour": colour(row.kind),
        "calls": f"{row.calls:g}",
        "seconds": units.seconds(row.seconds),
        "share": units.percent(row.share) if row.share else "0 %",
        "grid": row.grid or "-",
        "block": row.block or "-",
        "registers": _known(row.registers),
        "shared": "-" if row.shared_bytes is None else units.data_size(row.shared_bytes),
        "bandwidth": "-" if row.bytes_per_s is None else f"{units.quantity(row.bytes_per_s)}B/s",
        "of_limit": "-" if row.of_limit is None else units.percent(row.of_limit),
    }


def _known(value: int | None) -> str:
    return "-" if value is None else str(value)


def _split_figure(record: Record) -> Markup:
    bar = bar_of(record)
    if bar is None:
        return Markup()
    return Markup(inline_svg(drawing([[PointBars("One call", "", [bar])]]), "split", "Where one call's time goes"))  # noqa: S704


def _trials_figure(record: Record) -> tuple[Markup, str]:
    artifacts = trials.render([record])
    if not artifacts:
        return Markup(), ""
    drawn = inline_svg(artifacts[0].data, "trials", artifacts[0].title)
    return Markup(drawn), artifacts[0].caption  # noqa: S704  # matplotlib escapes


def _peak(profile: Profile) -> list[tuple[str, str]]:
    if profile.peak is None:
        return []
    sizes = (
        ("PyTorch's allocator", profile.peak.allocated_bytes),
        ("the process's resident memory", profile.peak.process_bytes),
    )
    return [(who, units.data_size(size)) for who, size in sizes if size is not None]


def _figures(counted: CounterValues) -> list[tuple[str, str]]:
    """Names without the tool and the unit, and values scaled by that unit."""
    texts = []
    for name, value in counted.figures.items():
        unit = unit_suffix(name)
        text = _UNITS[unit](value) if unit else units.quantity(value)
        texts.append((counted.label(name), text))
    return texts


def _compile_times(profile: Profile) -> Mapping[str, object] | None:
    times = profile.compile_times
    if times is None:
        return None
    caches = [
        (cache.what, cache.location, units.data_size(cache.size_bytes), str(cache.files)) for cache in times.caches
    ]
    return {"cold": units.seconds(times.cold_s), "warm": units.seconds(times.warm_s), "caches": caches}


def _resources(kernel: KernelResources) -> Mapping[str, str]:
    sizes = {"spill": kernel.spill_bytes, "shared": kernel.shared_bytes}
    scaled = {name: "-" if size is None else units.data_size(size) for name, size in sizes.items()}
    return {"name": kernel.name, "registers": _known(kernel.registers), "source": kernel.source, **scaled}
