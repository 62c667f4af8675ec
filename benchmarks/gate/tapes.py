"""Record workers for the replays of `tests/gate/`: the kernels of `gate_kernels`, many processes, in lockstep.

    python -m benchmarks.gate.tapes quiet --output tests/gate/tapes/MACHINE    same code in all workers
    python -m benchmarks.gate.tapes antagonists ...        the same beside bursty foreign load
    python -m benchmarks.gate.tapes quiet --extra 5 ...    half of the workers do 5 extra units of 100; quiet ones first
    ... [--workers 36] [--rounds 36]

The processes are the gate's own, started and timed by its own pool, with rounds fixed beforehand. The first rounds of a
pool are thrown away, as `opbench gate --calibrate` does.
"""

from __future__ import annotations

import argparse
import random
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.gate.truth import truth
from benchmarks.trust.antagonists import antagonists
from opbench.gate.files.recording import Recording, load, record, save
from opbench.gate.pool.launch import LaunchConfig
from opbench.gate.pool.worker_pool import WorkerPool
from opbench.gate.runs.calibrate import SETTLING
from opbench.gate.source.environments import Checkout

if TYPE_CHECKING:
    from opbench.gate.samples import Side

ROOT = Path(__file__).parents[2]
KERNELS = "benchmarks/gate/kernels/test_kernels.py"
PRELOADED = ("numpy", "torch")
"""What a live run's dry runs find that these benchmarks import."""

KEPT = 10
"""Raw samples of a slice that are kept; the quartile is taken before, from all of them."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate.tapes")
    parser.add_argument("condition", choices=("quiet", "antagonists"))
    parser.add_argument("--extra", type=int, default=0)
    parser.add_argument("--workers", type=int, default=36, help="a side")
    parser.add_argument("--rounds", type=int, default=36)
    parser.add_argument("--output", type=Path, required=True)
    asked = parser.parse_args()
    truths = _truths(asked.extra, asked.output) if asked.extra else {}
    with antagonists() if asked.condition == "antagonists" else nullcontext():
        tapes = _record(asked.workers, asked.rounds, asked.extra, {"condition": asked.condition}, truths)
    name = f"{asked.condition}-{asked.extra}-percent" if asked.extra else f"{asked.condition}-same-code"
    path = asked.output / f"{name}.npz"
    save(tapes, path)
    print(f"{path}: {path.stat().st_size / 1024:.0f} KiB")


def _truths(extra: int, folder: Path) -> dict[str, float]:
    """What the quiet recording says, where there is one: the size of the extra work is measured on a quiet machine."""
    from benchmarks.gate.kernels.test_kernels import KERNELS as KNOWN

    quiet = folder / f"quiet-{extra}-percent.npz"
    if quiet.exists():
        return {tape.benchmark: tape.about["truth"] for tape in load(quiet)}
    found = {}
    for name in sorted(KNOWN):
        low, found[name], high = truth(name, extra)
        print(f"{name}: {found[name]:.4f}x [{low:.4f}, {high:.4f}] on its own", flush=True)
    return found


def _record(workers: int, rounds: int, extra: int, about: dict[str, Any], truths: dict[str, float]) -> list[Recording]:
    from opbench.process.environment import describe

    checkout = Checkout(Path(sys.executable), ROOT)
    launch = LaunchConfig(
        paths=(KERNELS,),
        keyword=None,
        threads=1,
        device="cpu",
        root=ROOT,
        time_limit_s=120.0,
        extra_environment={"base": {}, "head": {"OPBENCH_EXTRA_UNITS": str(extra)}} if extra else {},
    )
    checkouts: dict[Side, Checkout] = {"base": checkout, "head": checkout}
    about |= {"machine": describe("cpu")["device_name"], "cores": describe("cpu")["cores"]}
    tapes = []
    chance = random.Random()  # noqa: S311
    with WorkerPool(checkouts, workers, launch=launch, random=chance, preload=PRELOADED) as pool:
        pool.measure(pool.listing("base")[0]["id"], SETTLING, "screen")
        for found in pool.listing("base"):
            name = found["name"].partition("[")[2].rstrip("]")
            samples = pool.measure(found["id"], rounds, "screen")
            spans = [one.calls * sum(one.samples_s) for one in samples.slices]
            extra_about = {"slice_s": sum(spans) / len(spans)} | ({"truth": truths[name]} if truths else {})
            tape = record(samples, KEPT, about | extra_about, same_code=not extra)
            tapes.append(replace(tape, benchmark=name))
            print(f"{name}: {len(samples.slices)} slices", flush=True)
    return tapes


if __name__ == "__main__":
    main()
