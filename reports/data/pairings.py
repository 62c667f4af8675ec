"""Which two of many backends get a heatmap: enough to tell the story, few enough to look at."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from reports.data.contrast import standings
from reports.data.planes import Plane, labels

SCHEDULES = ("direct", "balanced", "flat", "blocked")
"""The published two first, so that figure 7's own comparison opens each backend's figures."""


def pairings(group: Sequence[Plane]) -> list[tuple[str, str]]:
    """Choose pairs (A, B). Red, A slower, then always speaks for the newer schedule or for the best backend.

    Within a backend each schedule against the next one. Across backends each one's best against the best of all.
    """
    every_label = labels(group)
    chains = [pair for stem in _stems(every_label) for pair in pairwise(_in_order(every_label, stem))]
    best: dict[str, str] = {}
    for standing in standings(group):
        best.setdefault(_stem(standing.label), standing.label)
    first, *rest = best.values() or [""]
    return chains + [(label, first) for label in rest]


def _in_order(every_label: Sequence[str], stem: str) -> list[str]:
    of_stem = [label for label in every_label if _stem(label) == stem]
    return sorted(of_stem, key=_rank)  # stable: other schedules and repeats stay as they came


def _rank(label: str) -> int:
    schedule = label.partition("#")[0].partition(":")[2]
    return SCHEDULES.index(schedule) if schedule in SCHEDULES else len(SCHEDULES)


def _stems(every_label: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(map(_stem, every_label)))


def _stem(label: str) -> str:
    """The backend without schedule and repeat: `cpp_ext` of `cpp_ext:flat#2`."""
    return label.partition("#")[0].partition(":")[0]
