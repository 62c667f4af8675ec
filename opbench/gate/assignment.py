"""What a worker is told when it is started: whose code to run, which tests, on what. One JSON word of its command."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Assignment:
    """tree: the side's checkout, where the worker runs. paths and keyword: pytest's, from there.

    foreign: folders whose modules must not turn up in the worker, unless they are the tree's: the user's repository
    and the other side. scratch: a folder for what pytest wants to keep. log: where its output goes.
    """

    tree: str
    paths: tuple[str, ...]
    keyword: str | None
    device: str
    threads: int
    foreign: tuple[str, ...]
    scratch: str
    log: str

    def to_word(self) -> str:
        return json.dumps(asdict(self))


def from_word(word: str) -> Assignment:
    fields = json.loads(word)
    return Assignment(**fields | {name: tuple(fields[name]) for name in ("paths", "foreign")})
