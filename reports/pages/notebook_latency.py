"""One latency as a notebook shows it: the median with its interval, and how its samples lie."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from reports.pages.notebook_parts import small_print

if TYPE_CHECKING:
    from opbench.custom.latency import Latency

BINS, BAR, HIGH = 40, 4, 24
"""Bars of the histogram, the width of one and the height of the highest, in pixels."""

TAIL = 2.0
"""Percent of the samples on either side that the histogram leaves out: one late sample would squeeze all others."""


def html_latency(latency: Latency) -> str:
    """One line with a small histogram of the samples from the 2nd to the 98th percentile, and what they are."""
    count = len(latency.samples_s)
    taken = f"{count} sample{'s' * (count != 1)} of {latency.calls} call{'s' * (latency.calls != 1)} each"
    figures = str(replace(latency, disturbed=""))
    line = Markup("<div><b>{}</b> {}</div>").format(figures, _histogram(np.asarray(latency.samples_s)))
    return str(line + small_print([f"median of one call [95 % interval], {taken}", latency.disturbed]))


def _histogram(samples_s: np.ndarray) -> Markup:
    """In the colour of the text. Samples that are all alike have no histogram."""
    low, high = np.percentile(samples_s, [TAIL, 100 - TAIL])
    if not low < high:
        return Markup("")
    counts, _ = np.histogram(samples_s, bins=BINS, range=(low, high))
    tallest = counts.max()
    bars = Markup("").join(
        Markup('<rect x="{}" y="{:.1f}" width="{}" height="{:.1f}"/>').format(
            place * BAR, HIGH * (1 - count / tallest), BAR - 1, HIGH * count / tallest
        )
        for place, count in enumerate(counts.tolist())
        if count
    )
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" role="img" '
        'style="vertical-align:middle" fill="currentColor" fill-opacity="0.55"><title>samples</title>{bars}</svg>'
    ).format(wide=BINS * BAR, high=HIGH, bars=bars)
