"""JSON that parses, or nearly, and says what no reader expects: a value of every wrong kind in every place."""

from __future__ import annotations

import copy
import json
import math
import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

NAMES = (
    *(
        "",
        " ",
        "/../../../x",
        "..",
        "a/b",
        "\x00",
        "\x1b[2J\x1b]0;title\x07",
        "\x9b31m",
        "a\u202eb",
        "\ud800",
        "\n",
        "\r",
    ),
    *(
        "]]>",
        "<script>alert(1)</script>",
        "&amp;",
        "[bold]x[/bold]",
        "[/]",
        "$x^{2}$",
        "\\frac{",
        "{}",
        "%s",
        "x" * 3000,
    ),
    *("cpu", "cuda", "float32", "measured", "failed", "e\u0301", "\u0661", "\U0001f600", "NaN", "1"),
)
"""Texts that are paths, escape sequences, markup, formulas, formats, or belong elsewhere."""

NUMBERS = (
    *(0, -1, 1, 2, 7, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63), 10**30, 0.0, -0.0, 0.5, -1.5, 1e-320, 1e300),
    *(1e308, -1e308, math.nan, math.inf, -math.inf),
)

_DIGITS, _NESTED, _TWICE = "@digits@", "@nested@", "@twice@"
_UNWRITABLE = {
    f'"{_DIGITS}"'.encode(): b"7" * 5_000,
    f'"{_NESTED}"'.encode(): b"[" * 100_000 + b"]" * 100_000,
    f'"{_TWICE}"'.encode(): b'{"a":1,"a":2}',
}
"""What `json.dumps` does not write, by what stands for it until then."""

OTHERS: tuple[Any, ...] = (
    None,
    True,
    False,
    [],
    {},
    [None],
    [[1]],
    {"a": 1},
    {"": None},
    [1, "a"],
    _DIGITS,
    _NESTED,
    _TWICE,
)


def with_wrong_values(original: bytes, draw: random.Random, *, alike: bool = False) -> bytes | None:
    """One to three values wrong in one document of the file, which is one of JSON or one a line; None for others.

    alike: every value stays of its kind, so that what is wrong gets past the types; it is as often wrong in all
    documents of the file as in one.
    """
    lines = _documents(original)
    if not lines:
        return None
    at = draw.randrange(len(lines))
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        if alike:
            _put_another(lines, at, draw)
        else:
            lines[at] = _spoilt(lines[at], draw)
    texts = [json.dumps(one, separators=(",", ":")).encode() for one in lines]
    for stand_in, text in _UNWRITABLE.items():
        texts[at] = texts[at].replace(stand_in, text)
    return b"\n".join(texts) + b"\n"


def _documents(data: bytes) -> list[Any]:
    try:
        return [json.loads(data)]
    except (ValueError, RecursionError):
        pass
    try:
        return [json.loads(line) for line in data.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return []


def _spoilt(content: Any, draw: random.Random) -> Any:
    places = list(_places(content))
    if not places:
        return draw.choice(OTHERS)
    path = _path(places, draw)
    holder, key = _at(content, path[:-1]), path[-1]
    change = draw.random()
    if change < 0.7:
        holder[key] = _other(holder[key], content, places, draw)
    elif change < 0.8:
        del holder[key]
    elif isinstance(holder, dict):
        holder[draw.choice(NAMES)] = holder.pop(key) if change < 0.9 else copy.deepcopy(holder[key])
    elif change < 0.9:
        holder.insert(key, copy.deepcopy(holder[key]))
    else:
        holder.reverse()
    return content


def _put_another(lines: list[Any], at: int, draw: random.Random) -> None:
    """In the place of one value one of its kind, in that document or wherever one has the place."""
    places = list(_places(lines[at]))
    if not places:
        return
    path = _path(places, draw)
    value = _another(_at(lines[at], path), draw)
    for number, content in enumerate(lines if draw.random() < 0.5 else []):
        with suppress(LookupError, TypeError):
            if number != at:
                _at(content, path[:-1])[path[-1]] = copy.deepcopy(value)
    _at(lines[at], path[:-1])[path[-1]] = value


def _path(places: list[tuple[Any, ...]], draw: random.Random) -> tuple[Any, ...]:
    """The longest list of a file is its samples: what lies at any other depth gets its turn beside them."""
    deep = draw.choice(sorted({len(path) for path in places}))
    return draw.choice([path for path in places if len(path) == deep])


def _at(content: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        content = content[key]
    return content


def _other(value: Any, content: Any, places: list[tuple[Any, ...]], draw: random.Random) -> Any:
    """Of any kind; one in five from elsewhere in the document."""
    if draw.random() < 0.2:
        return copy.deepcopy(_at(content, draw.choice(places)))
    return copy.deepcopy(draw.choice((*OTHERS, *NAMES, *NUMBERS)))


def _another(value: Any, draw: random.Random) -> Any:
    """Of the same kind."""
    if isinstance(value, str):
        return draw.choice(NAMES)
    if isinstance(value, bool) or value is None:
        return draw.choice((value, not value))
    if isinstance(value, int | float):
        return draw.choice([*(one for one in NUMBERS if type(one) is type(value)), -value, value * 2])
    if isinstance(value, list):
        return draw.choice(([], value[:1], value * 2, value[::-1]))
    return {name: value[name] for name in value if draw.random() < 0.8}


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The keys and indices that lead to every value; of a list of more than nine its ends only."""
    keys: list[Any] = []
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = list(range(len(value))) if len(value) < 10 else [0, 1, len(value) - 1]
    for key in keys:
        yield (*above, key)
        yield from _places(value[key], (*above, key))
