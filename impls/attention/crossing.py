"""Tables from a run of sweep `attention`: latency, exponents in tokens, and where Poly-SA becomes the quicker one.

python -m impls.attention.crossing attention        # the newest run under results/; or a run's folder
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from impls.attention.growth import Series, crossing, exponent, series_of
from opbench.cli.exit_code import exit_code
from opbench.store.runs import find_run
from opbench.vocabulary.interval import Interval

LEAST = 1024
"""Tokens from which on exponents are fitted: below, the calls' own cost is a part that does not grow."""

EXPECTED = {"self_attention": 2, "poly_sa": 1}


def tables(series: Sequence[Series], least: int = LEAST) -> Iterator[str]:
    """Markdown, line by line."""
    yield from _latencies(series)
    yield ""
    yield from _exponents(series, least)
    yield ""
    yield from _crossings(series)


def _latencies(series: Sequence[Series]) -> Iterator[str]:
    tokens = sorted({count for each in series for count in each.medians})
    yield from _header("milliseconds", *(f"{count:,}" for count in tokens))
    for each in series:
        cells = (f"{1000 * each.medians[count][0]:.3g}" if count in each.medians else "" for count in tokens)
        yield _row(each.name, *cells)


def _exponents(series: Iterable[Series], least: int) -> Iterator[str]:
    yield from _header(
        "latency as tokens to the power", f"from {least:,} tokens on", "of the last doubling", "expected"
    )
    for each in series:
        fitted = exponent(each.medians, least)
        last = list(each.medians)[-2:]
        local = _local_exponent(each, *last) if len(last) == 2 else ""
        told = _told(fitted, "{:.2f}") if fitted else "fewer than three points"
        yield _row(each.name, told, local, str(EXPECTED[each.operator]))


def _local_exponent(series: Series, few: int, many: int) -> str:
    first, second = (float(series.medians[count][0]) for count in (few, many))
    return f"{math.log(second / first) / math.log(many / few):.2f}"


def _crossings(series: Sequence[Series]) -> Iterator[str]:
    quick = [each for each in series if each.operator == "poly_sa"]
    yield from _header("quicker than, from tokens", *(each.name for each in quick))
    for slow in series:
        yield _row(slow.name, *("" if each is slow else _crossing(slow, each) for each in quick))


def _crossing(slow: Series, quick: Series) -> str:
    common = [count for count in slow.medians if count in quick.medians]
    if not common:
        return "no tokens in common"
    at = crossing(slow.medians, quick.medians)
    if at.high == 0:
        return f"{common[0]} already"
    return f"not up to {common[-1]:,}" if math.isinf(at.low) else _told(at, "{:,.0f}")


def _told(interval: Interval, form: str) -> str:
    low, mid, high = (form.format(value) for value in (interval.low, interval.mid, interval.high))
    return f"{mid} [{low}, {high}]"


def _header(*names: str) -> tuple[str, str]:
    return _row(*names), _row(*("---" for _ in names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def main(words: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m impls.attention.crossing", description=__doc__.split("\n")[0])
    parser.add_argument("run", nargs="?", default="attention", help="folder of a run, SWEEP, or SWEEP/RUN")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder that holds the runs")
    parser.add_argument("--least", type=int, default=LEAST, help="tokens from which on exponents are fitted")
    given = parser.parse_args(words)

    def work() -> None:
        found = series_of(find_run(given.results, given.run).listed())
        print("\n".join(tables(found, given.least)))

    return exit_code("crossing", work)


if __name__ == "__main__":
    sys.exit(main())
