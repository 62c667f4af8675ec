"""How many faults at places drawn by a seed the PTX machine finds in our compiled kernels, by kind.

`python -m benchmarks.ptx.mutations [--compiler NAME] [--each N] [--seed N]` compiles the kernels with the compilers
that are here, plants up to N faults of every kind in every launch, leaves out those that change no value of any thread,
and prints a line for each that is not found, then for each kind, then in all.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Iterator

from tests.impls.cross_hadamard.gpu.ptx_mutations import Mutation, found, mutations
from tests.impls.cross_hadamard.gpu.recorded_launches import COMPILERS, Recorded, recorded


def main() -> int:
    """Prints what is said above."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--compiler", choices=COMPILERS, action="append")
    options.add_argument("--each", type=int, default=1)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    planted: dict[str, list[bool]] = defaultdict(list)
    equal = 0
    for compiler in given.compiler or COMPILERS:
        told = recorded(compiler)
        if isinstance(told, str):
            print(f"{compiler} is not here: {told}")
            continue
        for launch in (Recorded(**each) for each in told):
            _, intact = launch.launch(launch.text)
            for mutation in drawn(launch, given.each, given.seed):
                seen = found(mutation, intact.counters.requests) != ""
                if not seen and mutation.equal():
                    equal += 1
                    continue
                planted[mutation.kind].append(seen)
                if not seen:
                    what = " ".join(mutation.match[0].split())[:80]
                    print(f"not found: {launch.name}, {mutation.kind}, {mutation.place}: {what}", flush=True)
    for kind, outcomes in sorted(planted.items()):
        print(f"{kind:34s} {sum(outcomes):4d} of {len(outcomes):4d}")
    flat = [each for outcomes in planted.values() for each in outcomes]
    print(f"{'in all':34s} {sum(flat):4d} of {len(flat):4d}; {equal} more change no value and were left out")
    return 0


def drawn(launch: Recorded, each: int, seed: int) -> Iterator[Mutation]:
    """Up to `each` of every kind."""
    kinds: dict[str, list[Mutation]] = defaultdict(list)
    for mutation in mutations(launch):
        kinds[mutation.kind].append(mutation)
    generator = random.Random(seed)  # noqa: S311  (which places, and no secret)
    for of_kind in kinds.values():
        yield from generator.sample(of_kind, min(each, len(of_kind)))


if __name__ == "__main__":
    raise SystemExit(main())
