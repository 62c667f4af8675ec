"""The circumstances of a run in a few lines: where, when, from which revision, with what outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Measured, Record
from reports.data import units
from reports.data.machine_records import besides_machine, of_machine
from reports.data.naming import counted, devices
from reports.data.ratios import BASELINES, mean_ratio, rivals
from reports.data.series import panels
from reports.models.classifiers import told_as

MACHINE = "What the machine can do"


@dataclass(frozen=True)
class Gain:
    """One backend's geometric mean over each baseline, over all points of one operator and setting."""

    setting: str
    operator: str
    backend: str
    over: tuple[str, ...]


def operators(records: Sequence[Record]) -> list[str]:
    return list(dict.fromkeys(record.case.point.operator for record in records))


def subjects(records: Sequence[Record]) -> list[str]:
    """Name what the page is about: the operators, but models by how many they are, and the machine's own as one."""
    models = told_as(records)
    groups = [f"{count} {name}" for name, count in Counter(models.values()).items()]
    rest = [name for name in operators(besides_machine(records)) if name not in models]
    machine = [MACHINE] if of_machine(records) else []
    return [*groups, *rest, *machine]


def facts(records: Sequence[Record]) -> list[tuple[str, str]]:
    """List name and value for the head of the page, in reading order."""
    measured = sum(isinstance(record.outcome, Measured) for record in records)
    return [
        ("Device", devices(records)),
        ("Measured", f"{measured} of {len(records)} cases"),
        ("Date", _when(records)),
        ("Revision", ", ".join(dict.fromkeys(record.revision for record in records))),
    ]


def gains(records: Sequence[Record]) -> list[Gain]:
    """Average backends over the baselines: over all points where both were measured, models as one."""
    models = told_as(records)
    ratios_of: dict[tuple[str, str, str], dict[str, list[Interval]]] = {}
    every_panel = panels(besides_machine(records))
    settings = list(dict.fromkeys(str(panel.setting) for panel in every_panel))
    for panel in every_panel:
        for baseline in BASELINES:
            for label, speedup in rivals(panel, baseline).items():
                operator = models.get(panel.operator, panel.operator)
                row = ratios_of.setdefault((str(panel.setting), operator, label), {})
                row.setdefault(baseline, []).extend(speedup.ratios.values())
    together = set(models.values())
    return [
        Gain(*key, tuple(_gain(row.get(baseline, [])) for baseline in BASELINES))
        for key, row in sorted(
            ratios_of.items(), key=lambda entry: (settings.index(entry[0][0]), entry[0][1] not in together)
        )
    ]


def _gain(ratios: list[Interval]) -> str:
    if not ratios:
        return ""
    mean = mean_ratio(ratios)
    ends = units.factors_between(mean.low, mean.high)
    return f"{units.factor(mean.mid)} ({ends}; {counted(len(ratios), 'point')})"


def environment(records: Sequence[Record]) -> list[tuple[str, str]]:
    """List every property of the environments, flattened; several values where the records differ."""
    values: dict[str, dict[str, None]] = {}
    for record in records:
        for name, value in _flat(record.environment):
            values.setdefault(name, {})[_written(name, value)] = None
    return [(name, _range(name, list(texts))) for name, texts in values.items()]


def _flat(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _written(name: str, value: Any) -> str:
    if name.endswith("_bytes") and isinstance(value, int | float):
        return units.data_size(value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _range(name: str, texts: list[str]) -> str:
    """All values, or both ends of a quantity that changes from record to record, such as the load."""
    if len(texts) <= 3 or not name.startswith("load"):
        return " / ".join(texts)
    ordered = sorted(texts, key=float)
    return f"{ordered[0]} to {ordered[-1]}"


def _when(records: Sequence[Record]) -> str:
    """The day and time of the first case and, on another day, of the last."""
    moments = sorted(record.started for record in records)
    first, last = _moment(moments[0]), _moment(moments[-1])
    return first if first[:10] == last[:10] else f"{first} to {last}"


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is None:
        return f"{moment:%Y-%m-%d %H:%M}"
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
