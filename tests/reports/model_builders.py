"""Hand-made records of image classifiers, and what is inside an artifact, as a test reads it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from html import unescape

from opbench.vocabulary.case import Axes
from opbench.vocabulary.record import Outcome, Record
from opbench.vocabulary.report import Artifact
from opbench.vocabulary.work import Part

from .builders import measured, record

IN_TABLE_7: Mapping[str, tuple[float, int]] = {
    "mobilenetv3_small_100": (1.62, 56),
    "mobileone_s0": (1.16, 274),
    "hadaptive_s": (2.10, 131),
    "shufflenet_v2_x1_0": (1.36, 144),
    "mobilenetv4_conv_small": (2.62, 185),
    "starnet_s1": (2.70, 422),
    "ghostnet_100": (4.03, 140),
    "hadaptive_l": (6.11, 669),
}
"""Operator to millions of parameters (100 classes) and of MACs."""


def model(
    operator: str = "ghostnet_100",
    backend: str = "ort_stock",
    outcome: Outcome | float = 0.01,
    parts: Sequence[Part] = (),
    device: str = "cpu",
    batch: int = 1,
    threads: int = 2,
) -> Record:
    """outcome: a median in seconds, or what came instead of one."""
    parameters, macs = IN_TABLE_7.get(operator, (5.0, 1000))
    return record(
        measured(outcome) if isinstance(outcome, float) else outcome,
        backend,
        operator,
        sizes={"parameters": round(parameters * 1e6), "classes": 100},
        macs=macs * 10**6 * batch,
        parts=parts,
        device=device,
        batch=batch,
        edge=224,
        threads=threads,
    )


def part(channels: int, count: int) -> Part:
    return Part("ach_select_expand", Axes({"batch": 1, "channels": channels, "edge": 14, "threads": 2}), count)


def kernel(channels: int, backend: str, outcome: Outcome | float) -> Record:
    """The record of a `part` by one backend."""
    got = measured(outcome) if isinstance(outcome, float) else outcome
    return record(got, backend, "ach_select_expand", batch=1, channels=channels, edge=14, threads=2)


def html(artifacts: Sequence[Artifact], stem: str) -> str:
    (found,) = (one for one in artifacts if one.name == f"tables/{stem}.html")
    return found.data.decode()


def cells(artifacts: Sequence[Artifact], stem: str) -> list[list[str]]:
    """Rows of a table as a reader sees them: the cells' text, small lines after `|`."""
    body = html(artifacts, stem).partition("<tbody>")[2]
    rows = [re.findall(r"<td.*?</td>", row, re.DOTALL) for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)]
    return [[unescape(re.sub(r"<[^>]*>", "", cell.replace("<small>", "|"))) for cell in row] for row in rows]


def values(artifacts: Sequence[Artifact], stem: str) -> list[dict[str, str]]:
    """Rows of the table for machines."""
    (found,) = (one for one in artifacts if one.name == f"tables/{stem}.csv")
    return list(csv.DictReader(io.StringIO(found.data.decode())))
