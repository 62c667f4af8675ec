"""What a tool outside the process counted of one case: its figures, the notes beside them, both as text.

Bytes that were counted on their way to memory and back are held against the least that the operator needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from opbench.vocabulary.record import Measured, Record

UNITS = {"_bytes_per_s": "B/s", "_bytes": "B", "_s": "s"}
"""By the end of a figure's name; one that ends another comes after it."""


@dataclass(frozen=True)
class CounterValues:
    """What one tool counted.

    tool: the program that counted.
    figures: per call of the launch, in SI, each name with its tool first and its unit last where it has one, such as
        `ncu_dram_bytes`, `perf_task_clock_s` and `perf_page_faults`. A figure that could not be counted is not there.
    notes: what to know before believing them: what was refused and what to do about it, what was scaled or left out.
    """

    tool: str
    figures: Mapping[str, float]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The tool in one word, as figures begin with it."""
        return self.tool.partition(" ")[0].lower()

    def label(self, figure: str) -> str:
        """Return the figure's name in words, without the tool and the unit."""
        return figure.removeprefix(f"{self.name}_").removesuffix(unit_suffix(figure)).replace("_", " ")

    def lines(self) -> list[str]:
        """Return text for a terminal: the figures on one line, scaled; below it every note."""
        figures = [_figure_text(self.label(name), unit_suffix(name), value) for name, value in self.figures.items()]
        return [f"{self.name}: {', '.join(figures)}", *(f"  {note}" for note in self.notes)]


def unit_suffix(figure: str) -> str:
    """Return the unit that ends a figure's name, `_bytes_per_s` before `_s`; "" for a bare count."""
    return next((suffix for suffix in UNITS if figure.endswith(suffix)), "")


def add_figures(record: Record, counters: Sequence[CounterValues]) -> Record:
    """Return the record with what was counted among its figures; the same one where nothing was."""
    figures = {name: value for values in counters for name, value in values.figures.items()}
    if not figures or not isinstance(record.outcome, Measured):
        return record
    return replace(record, outcome=replace(record.outcome, figures={**record.outcome.figures, **figures}))


def compare_with_work(record: Record, values: CounterValues) -> CounterValues:
    """Return the same with a note for every kind of bytes that the record's Work knows too.

    1 is as little as possible. Well below 1, caches held what was to move: outputs that stay there go to memory after
    the kernel, and inputs that did not leave since the last call need not come. Loads are held against what Work reads
    alone, since perf counts no line that is only written; of a case on a GPU it sees nothing that Work means.
    """
    work = record.work
    if work is None:
        return values
    read_bytes = work.bytes_read if record.case.point.device == "cpu" else 0
    least_bytes = {
        "ncu_dram_bytes": (work.moved_bytes, "DRAM bytes counted are {:.3g} times Work's"),
        "perf_llc_miss_bytes": (read_bytes, "bytes of missed loads counted are {:.3g} times those Work reads"),
    }
    notes = tuple(
        text.format(values.figures[name] / size_bytes)
        for name, (size_bytes, text) in least_bytes.items()
        if size_bytes and name in values.figures
    )
    return replace(values, notes=(*notes, *values.notes))


def _figure_text(label: str, suffix: str, value: float) -> str:
    return f"{label} {_scaled(value, UNITS[suffix])}" if suffix else f"{_scaled(value)} {label}"


def _scaled(value: float, unit: str = "") -> str:
    """SI, three digits. A count below one is no thousandths of something: only a unit takes a prefix below one."""
    prefixes = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), *(_BELOW_ONE if unit == "s" else ())]
    if not unit and 0 < value < _RARE:
        return f"<{_RARE}"
    rounded = float(f"{value:.3g}")  # before the prefix is chosen: 999.9 us is 1 ms
    scale, prefix = next(((scale, prefix) for scale, prefix in prefixes if abs(rounded) >= scale), (1.0, ""))
    return f"{rounded / scale:.3g} {prefix}{unit}".strip()


_RARE = 0.01
_BELOW_ONE = ((1e-3, "m"), (1e-6, "u"), (1e-9, "n"))
