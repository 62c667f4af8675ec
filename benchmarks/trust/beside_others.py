"""Are figures taken beside other work right or marked? The same sweep quiet, quiet again, and beside each kind of load.

    python -m benchmarks.trust.beside_others [FOLDER]

Prints a line per kind of load: how many cases were measured without a mark, with one, or not at all, and how far they
are from the nearest of the quiet figures, which differ by themselves where a host's other guests come and go. None
without a mark may be 1.3 times off; of the quiet sweeps under 1 % may be marked. About 20 minutes; nothing else
should run. FOLDER keeps the runs; what is there already is not measured again.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import mkdtemp

from benchmarks.harness.sweeping import latency_s, swept
from opbench.vocabulary.record import Contended, Measured, Record

WORDS = (
    *("--operator", "cross_hadamard", "--backend", "torch_eager,torch_select,cpp_ext"),
    *("--channels", "8,12,16,24,32,48,64", "--edge", "7,14,28", "--batch", "1,2,4", "--budget", "0.2"),
)

LOOP = (sys.executable, "-I", "-S", "-c", "while True: sum(range(100_000))")
COMPILING = ("bash", "-c", "while true; do echo '#include <regex>' | g++ -O2 -x c++ -c -o /dev/null -; done")
LOADS: Mapping[str, Sequence[Sequence[str]]] = {
    "quiet": (),
    "quiet again": (),
    "one busy loop": (LOOP,),
    "two busy loops": (LOOP, LOOP),
    "a compile job": (COMPILING,),
    "quiet in the end": (),
}

OFF = 1.3


def main() -> None:
    folder = Path(sys.argv[1] if sys.argv[1:] else mkdtemp(prefix="beside-others-"))
    tell(folder, lambda results: swept(results, WORDS))


def tell(folder: Path, measured: Callable[[Path], Sequence[Record]]) -> None:
    """Measure beside each load, and print its lines. measured: given where to keep it, the records of one run."""
    records: dict[str, Sequence[Record]] = {}
    for name, load in LOADS.items():
        with beside(load):
            records[name] = measured(folder / name.replace(" ", "-"))
    quiet: dict[str, list[float]] = {}
    for name, load in LOADS.items():
        for record in records[name] if not load else ():
            if (latency := latency_s(record)) is not None:
                quiet.setdefault(record.case.key, []).append(latency)
    for name in LOADS:
        print("\n".join(lines(name, records[name], quiet)), flush=True)
    print(f"runs: {folder}")


@contextmanager
def beside(load: Sequence[Sequence[str]]) -> Iterator[None]:
    """The load as processes of a session each, as another user's would be; all ended afterwards."""
    with ExitStack() as stack:
        for words in load:
            process = stack.enter_context(subprocess.Popen(words, start_new_session=True))
            stack.callback(subprocess.run, ["pkill", "-KILL", "-s", str(process.pid)], check=False)
        yield


def lines(name: str, records: Sequence[Record], quiet: Mapping[str, Sequence[float]]) -> Iterator[str]:
    open_ = sum(isinstance(one.outcome, Contended) for one in records)
    marked, unmarked = list[float](), list[float]()
    for record in records:
        if isinstance(record.outcome, Measured) and record.case.key in quiet:
            share = apart(latency_s(record) or 0.0, quiet[record.case.key])
            (marked if record.outcome.contention else unmarked).append(share)
            if not record.outcome.contention and not 1 / OFF <= share <= OFF:
                yield f"    {share:.2f}x without a mark: {record.case.key}"
    yield f"{name}: {len(records)} cases, {open_} contended, {spread('marked', marked)}, {spread('unmarked', unmarked)}"


def apart(latency: float, quiet: Sequence[float]) -> float:
    """The latency over the nearest quiet one; 1 between them."""
    return latency / min(max(latency, min(quiet)), max(quiet))


def spread(kind: str, shares: Sequence[float]) -> str:
    if not shares:
        return f"0 {kind}"
    least, most = min(shares), max(shares)
    return f"{len(shares)} {kind} ({least:.2f} to {most:.2f} of the quiet figure, median {median(shares):.2f})"


if __name__ == "__main__":
    main()
