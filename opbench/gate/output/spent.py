"""Where a run's time went, in a line and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from opbench.gate.phases import Phase

SHOWN = 0.02
"""Share of a run from which on a phase is in the line."""


def spent_text(phases: Mapping[str, Phase]) -> str:
    """The longest phases first, each with how many it was done to."""
    total_s = sum(phase.seconds for phase in phases.values())
    longest = sorted(phases.items(), key=lambda item: -item[1].seconds)
    shown = [(name, phase) for name, phase in longest if phase.seconds >= SHOWN * total_s]
    texts = [f"{name}{f' of {one.count}' if one.count > 1 else ''} {one.seconds:.1f}" for name, one in shown]
    return f"{total_s:.1f} s: {', '.join(texts)}"


def spent_json(phases: Mapping[str, Phase]) -> dict[str, dict[str, Any]]:
    """Seconds and count of each, by name."""
    return {name: asdict(phase) for name, phase in phases.items()}
