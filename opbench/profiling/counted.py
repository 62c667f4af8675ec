"""What a tool outside the process counted of one case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from opbench.record import Measured, Record

UNITS = {"_bytes_per_s": "B/s", "_bytes": "B", "_s": "s"}
"""By the end of a figure's name; one that ends another comes after it."""


@dataclass(frozen=True)
class Counted:
    """tool: the program that counted.

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
        """The figure in words, without the tool and the unit."""
        return figure.removeprefix(f"{self.name}_").removesuffix(unit_of(figure)).replace("_", " ")


def with_figures(record: Record, counted: tuple[Counted, ...]) -> Record:
    """The record with what was counted among its figures; the same one where nothing was."""
    figures = {name: value for one in counted for name, value in one.figures.items()}
    if not figures or not isinstance(record.outcome, Measured):
        return record
    return replace(record, outcome=replace(record.outcome, figures={**record.outcome.figures, **figures}))


def unit_of(figure: str) -> str:
    """The unit that ends a figure's name, `_bytes_per_s` before `_s`; "" for a bare count."""
    return next((end for end in UNITS if figure.endswith(end)), "")


def lines(counted: Counted) -> list[str]:
    """For a terminal: the figures on one line, scaled; below it every note."""
    told = ", ".join(_told(counted.label(name), unit_of(name), value) for name, value in counted.figures.items())
    return [f"{counted.name}: {told}", *(f"  {note}" for note in counted.notes)]


def _told(label: str, unit: str, value: float) -> str:
    return f"{label} {_scaled(value, UNITS[unit])}" if unit else f"{_scaled(value)} {label}"


def _scaled(value: float, unit: str = "") -> str:
    """SI, three digits. A count below one is no thousandths of something: only a unit takes a prefix below one."""
    prefixes = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), *(_BELOW if unit == "s" else ())]
    if not unit and 0 < value < _RARE:
        return f"<{_RARE}"
    rounded = float(f"{value:.3g}")  # before the prefix is chosen: 999.9 us is 1 ms
    scale, prefix = next((one for one in prefixes if abs(rounded) >= one[0]), (1.0, ""))
    return f"{rounded / scale:.3g} {prefix}{unit}".strip()


_RARE = 0.01
_BELOW = ((1e-3, "m"), (1e-6, "u"), (1e-9, "n"))
