"""Ask several workers at a time, and bring home every answer, whichever of them fails meanwhile."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from opbench.gate.player import Died, RefusedError

if TYPE_CHECKING:
    from opbench.gate.player import Player

Answer: TypeAlias = "dict[str, Any] | Died | RefusedError"


def ask_each(asked: Iterable[tuple[Player, dict[str, Any]]]) -> Iterator[tuple[Player, Answer]]:
    """Each player's answer to its request, in the order given; what its `ask` would have raised stands for one.

    As many work at once as there are cores: more would finish no sooner, and take each other's caches while they warm
    up. `asked` is consumed as places become free, so it may start the players. Exhaust it: an answer left in its pipe
    would be taken for the next one.
    """
    rest = iter(asked)
    at_work: deque[tuple[Player, Answer | None]] = deque()
    places = os.cpu_count() or 1
    while True:
        at_work.extend((player, _sent(player, request)) for player, request in islice(rest, places - len(at_work)))
        if not at_work:
            return
        player, failure = at_work.popleft()
        yield player, failure or _received(player)


def _sent(player: Player, request: dict[str, Any]) -> Answer | None:
    try:
        player.send(request)
    except Died as exc:
        return exc
    return None


def _received(player: Player) -> Answer:
    try:
        return player.receive()
    except (Died, RefusedError) as exc:
        return exc
