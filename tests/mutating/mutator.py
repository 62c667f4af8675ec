"""A file made into one that nobody would write: bytes lost, turned, moved and put in, or values of the wrong kind.

    mutated(original, random.Random("records 17"))

The same for the same draw, so that a file which broke a reader can be made again from its number.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import strategies

from tests.mutating.json_values import with_wrong_values

Mutation = Callable[[bytes, random.Random], bytes]

NESTING = 100_000
DIGITS = 5_000

FOREIGN = (
    *(b"\x00", b"\xef\xbb\xbf", b"\xff", b"\xed\xa0\x80", b"\r\n", b"\n", b"\n\n", b" ", b"\x1b[2J", b"\x07", b"\x85"),
    *(b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\\ud800", b"\\u0000", b"\\u001b]0;x\\u0007", b"/../../x"),
    *(b"NaN", b"-Infinity", b"1e308", b"1e-400", b"-0", b"9" * 20, b"null", b"true", b"{}", b"PK\x03\x04"),
)
"""What stands in no such file, or not there."""


def mutated(original: bytes, draw: random.Random, alike: float = 0.2) -> bytes:
    """One to three mutations one after another; a file of JSON is as often wrong in its values as in its bytes.

    alike: the share of files of JSON in which every value stays of its kind.
    """
    if draw.random() < alike and (wrong := with_wrong_values(original, draw, alike=True)) is not None:
        return wrong
    data = original
    if draw.random() < 0.5 and (wrong := with_wrong_values(original, draw)) is not None:
        data = wrong
        if draw.random() < 0.8:
            return data
    for _ in range(draw.choice((1, 1, 2, 3))):
        data = draw.choice(MUTATIONS)(data, draw)
    return data


def files(original: bytes) -> strategies.SearchStrategy[bytes]:
    """The same for Hypothesis, which looks for the fewest choices that break a reader."""
    return strategies.builds(mutated, strategies.just(original), strategies.randoms(use_true_random=False))


def _truncated(data: bytes, draw: random.Random) -> bytes:
    return data[: draw.randint(0, len(data))]


def _headless(data: bytes, draw: random.Random) -> bytes:
    return data[draw.randint(0, len(data)) :]


def _flipped(data: bytes, draw: random.Random) -> bytes:
    turned = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 8)) if data else 0):
        turned[draw.randrange(len(turned))] ^= 1 << draw.randrange(8)
    return bytes(turned)


def _overwritten(data: bytes, draw: random.Random) -> bytes:
    first, last = _span(data, draw)
    return data[:first] + draw.randbytes(last - first) + data[last:]


def _deleted(data: bytes, draw: random.Random) -> bytes:
    first, last = _span(data, draw)
    return data[:first] + data[last:]


def _duplicated(data: bytes, draw: random.Random) -> bytes:
    first, last = _span(data, draw)
    return data[:last] + data[first:last] * draw.choice((1, 1, 2, 50)) + data[last:]


def _swapped(data: bytes, draw: random.Random) -> bytes:
    a, b, c, d = sorted(draw.randint(0, len(data)) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _lines_exchanged(data: bytes, draw: random.Random) -> bytes:
    lines = data.split(b"\n")
    draw.shuffle(lines)
    return b"\n".join(lines)


def _with_foreign(data: bytes, draw: random.Random) -> bytes:
    at = draw.randint(0, len(data))
    return data[:at] + draw.choice(FOREIGN) * draw.choice((1, 1, 1, 30)) + data[at:]


def _in_place_of_a_number(data: bytes, draw: random.Random) -> bytes:
    """A run of digits made thousands long, or none at all."""
    at = [place for place, byte in enumerate(data) if 48 <= byte <= 57]
    if not at:
        return data
    place = draw.choice(at)
    return data[:place] + draw.choice((b"7" * DIGITS, b"", b"-", b"1e", b"0x1", b"1_0")) + data[place + 1 :]


def _nested(data: bytes, draw: random.Random) -> bytes:
    at = draw.choice([0, len(data), *(place for place, byte in enumerate(data) if byte in b":,[")])
    opening, closing = draw.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"[", b"")))
    return data[: at + 1] + opening * NESTING + b"1" + closing * NESTING + data[at + 1 :]


def _another_encoding(data: bytes, draw: random.Random) -> bytes:
    text = data.decode("latin-1")
    return text.encode(draw.choice(("utf-16", "utf-32-be", "utf-8-sig", "utf-7")))


def _ends_of_windows(data: bytes, _: random.Random) -> bytes:
    return data.replace(b"\n", b"\r\n")


def _with_a_mark(data: bytes, _: random.Random) -> bytes:
    return b"\xef\xbb\xbf" + data


def _nothing_but(_: bytes, draw: random.Random) -> bytes:
    return draw.choice((b"", b"\n", b"\x00" * 4096, b"null", b"[]", b"{}", b'""', b"0", draw.randbytes(99)))


def _span(data: bytes, draw: random.Random) -> tuple[int, int]:
    first = draw.randint(0, len(data))
    return first, min(len(data), first + draw.choice((1, 2, 7, 64, len(data))))


MUTATIONS: tuple[Mutation, ...] = (
    *(_truncated, _headless, _flipped, _flipped, _overwritten, _deleted, _duplicated, _swapped, _lines_exchanged),
    *(_with_foreign, _with_foreign, _in_place_of_a_number, _nested, _another_encoding, _ends_of_windows),
    *(_with_a_mark, _nothing_but),
)
