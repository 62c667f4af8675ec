"""Why a benchmark cannot be played, from how its test ended or its worker died."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from opbench.gate.hired import Broken, Kind

if TYPE_CHECKING:
    from opbench.gate.player import Player

KINDS: dict[str, Kind] = {"failed": "failed", "error": "failed", "skipped": "skipped", "passed": "empty"}
"""By the outcome of a test that ended before it was told to."""

EMPTY = "the test passed without having called benchmark(...)"


def by_ending(benchmark: str, ended: Mapping[str, str], who: str = "") -> Broken:
    """Of a test that ended too early. who: put before the reason."""
    return Broken(benchmark, KINDS[ended["outcome"]], who + (ended["message"] or EMPTY))


def by_death(benchmark: str, reason: Exception, who: str = "") -> Broken:
    return Broken(benchmark, "crashed", f"{who}{reason}")


def name_of(player: Player) -> str:
    return f"{player.side}, worker {player.number}: "
