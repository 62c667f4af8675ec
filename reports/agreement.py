"""Whether three independent accounts of the work agree: the operator's formula, the counters, the paper's model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from opbench.operator import Work
from opbench.record import Record
from reports import units
from reports.cost_models import paper_macs


def agreement(records: Sequence[Record]) -> str:
    """Sentences for a caption: each counter and the paper's model held against the formula."""
    return " ".join(filter(None, (*_counters(records), _paper(records))))


def _counters(records: Sequence[Record]) -> list[str]:
    differing: dict[str, list[str]] = defaultdict(list)
    compared: dict[str, int] = defaultdict(int)
    silent: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for counter, counts in record.counts.items():
            if isinstance(counts, str):
                silent[counter].add(_first_line(counts))
            elif record.work is not None:
                compared[counter] += 1
                if not _same(counts, record.work):
                    differing[counter].append(f"{record.case.point.operator}({record.case.point.axes})")
    said = [_verdict(counter, count, differing[counter]) for counter, count in sorted(compared.items())]
    return said + [
        f"{counter} has no count: {'; '.join(sorted(reasons))}." for counter, reasons in sorted(silent.items())
    ]


def _same(counts: Mapping[str, int], work: Work) -> bool:
    want = {"macs": work.macs, "products": work.products, "elementwise": work.elementwise}
    return all(counts[name] == value for name, value in want.items())


def _verdict(counter: str, count: int, differing: Sequence[str]) -> str:
    points = f"{count} points" if count > 1 else "1 point"
    if not differing:
        return f"{counter} counts exactly the formula at {'all ' if count > 1 else ''}{points}."
    return f"{counter} DIFFERS from the formula at {len(differing)} of {points}, first at {differing[0]}."


def _paper(records: Sequence[Record]) -> str:
    shares = [
        abs(paper - record.work.model_macs) / paper
        for record in records
        if record.work is not None and (paper := paper_macs(record))
    ]
    if not shares:
        return ""
    if max(shares) == 0:
        return "The paper's cost model (dashed) equals the formula's MACs."
    return f"The paper's cost model (dashed) is within {units.percent(max(shares))} of the formula's MACs."


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]
