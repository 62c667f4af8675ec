"""Whether the accounts of the work agree: the operator's formula, the two counters, the paper's model.

The counters share most of their formulas, so what they say is held against the operator's, and two that agree count as
one witness; two that do not are named all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from opbench.counting.count import disagreements
from opbench.errors import first_line
from opbench.vocabulary.record import Record
from reports.data import units
from reports.data.naming import counted
from reports.models.cost_models import paper_macs


def agreement(records: Sequence[Record]) -> str:
    """Write sentences for a caption: each counter and the paper's model held against the formula."""
    return " ".join(filter(None, (*_counters(records), _among_themselves(records), _paper(records))))


def differences(records: Sequence[Record]) -> dict[str, list[str]]:
    """Gather by point, where accounts differ at all, sentences on the definition and the counters."""
    by_record = ((_point(record), disagreements(record.counts, record.work)) for record in records)
    return {point: sentences for point, sentences in by_record if sentences}


def _counters(records: Sequence[Record]) -> list[str]:
    differing: dict[str, list[str]] = defaultdict(list)
    compared: dict[str, int] = defaultdict(int)
    silent: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for counter, counts in record.counts.items():
            if isinstance(counts, str):
                silent[counter].add(first_line(counts))
            elif record.work is not None:
                compared[counter] += 1
                if disagreements({counter: counts}, record.work):
                    differing[counter].append(_point(record))
    sentences = [_verdict(counter, count, differing[counter]) for counter, count in sorted(compared.items())]
    return sentences + [
        f"{counter} has no count: {'; '.join(sorted(reasons))}." for counter, reasons in sorted(silent.items())
    ]


def _among_themselves(records: Sequence[Record]) -> str:
    """Of the first record whose counters do not say the same."""
    differing = [(record, sentences) for record in records if (sentences := disagreements(record.counts, None))]
    if not differing:
        return ""
    points = counted(len(differing), "point")
    first, sentences = differing[0]
    return f"The counters DIFFER from each other at {points}, first at {_point(first)}: {'; '.join(sentences)}."


def _point(record: Record) -> str:
    return f"{record.case.point.operator}({record.case.point.axes})"


def _verdict(counter: str, count: int, differing: Sequence[str]) -> str:
    points = counted(count, "point")
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
