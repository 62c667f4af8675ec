"""The decoder of records under atheris, which keeps what reached a branch that nothing before had reached.

    python -m benchmarks.trust.fuzzed_codec [SECONDS]

Begins with a real run's lines, whole and one at a time. Ends with what broke the decoder, or after that time; 600
unless given. Needs `atheris` (Linux, Python up to 3.13).
"""

from __future__ import annotations

import random
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=[
        "opbench.store.codec",
        "opbench.store.decoding",
        "opbench.store.record_file",
        "opbench.vocabulary.record",
        "opbench.vocabulary.case",
        "opbench.vocabulary.limit",
        "json",
    ]
):
    from opbench.store.codec import to_line

from opbench.errors import UsageError
from tests.mutating.mutator import mutated
from tests.mutating.run_readers import read, records, signed

SECONDS = 600
LONGEST = 1 << 16
"""Bytes of what is tried."""


def try_one(data: bytes) -> None:
    """Both as it is and with its checksums put right; what is accepted is written as it was read."""
    for content in (data, signed(data)):
        try:
            found = read(content)
        except UsageError:
            continue
        again = "".join(map(to_line, found)).encode()
        assert "".join(map(to_line, read(again))).encode() == again


def changed(data: bytes, longest: int, seed: int) -> bytes:
    """As often by our mutations, which leave JSON that parses, as by atheris's own, which seldom do."""
    draw = random.Random(seed)  # noqa: S311  (files, not secrets)
    if draw.random() < 0.5:
        with suppress(RecursionError):  # of what was nested before
            return mutated(data, draw, alike=0.5)[:longest]
    found: bytes = atheris.Mutate(data, longest)
    return found


def main() -> None:
    seconds = int(sys.argv[1]) if sys.argv[1:] else SECONDS
    with tempfile.TemporaryDirectory(prefix="opbench-corpus-") as place:
        folder = Path(place)
        corpus = folder / "corpus"
        corpus.mkdir()
        whole = records(folder).read_bytes()
        for number, content in enumerate([whole, *whole.splitlines(keepends=True)]):
            (corpus / str(number)).write_bytes(content)
        words = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=20", "-rss_limit_mb=4096"]
        atheris.Setup(
            [sys.argv[0], *words, f"-artifact_prefix={Path.cwd()}/", str(corpus)], try_one, custom_mutator=changed
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
