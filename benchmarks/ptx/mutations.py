"""How many faults at places drawn by a seed the PTX machine finds in our compiled kernels, by kind.

`python -m benchmarks.ptx.mutations [--compiler NAME] [--each N] [--seed N] [--left-out]` compiles the kernels with the
compilers that are here, plants up to N faults of every kind in every launch, tries them at the launch's points until
one shows it, and prints a line for each that none does, then for each kind, then in all. Left out are those after which
every thread does to memory what it did before, at every point, tensors beyond 32 bits among them; `--left-out` prints
a line for each of them too.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.impls.cross_hadamard.gpu.planted.launches import Recorded
from tests.impls.cross_hadamard.gpu.planted.operations import COMPILERS
from tests.impls.cross_hadamard.gpu.planted.recording import recorded
from tests.impls.cross_hadamard.gpu.ptx_mutations import NEAR, Mutation, found, mutations

FOUND, MISSED, EQUAL = "found", "not found", "left out"


def main() -> int:
    """Prints what is said above."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--compiler", choices=COMPILERS, action="append")
    options.add_argument("--each", type=int, default=1)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--left-out", action="store_true")
    given = options.parse_args()
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    for compiler in given.compiler or COMPILERS:
        told = recorded(compiler, large=True)
        if isinstance(told, str):
            print(f"{compiler} is not here: {told}")
            continue
        for launch in map(Recorded.of, told):
            for mutation in drawn(launch, given.each, given.seed):
                outcome = outcome_of(mutation)
                outcomes[mutation.kind][outcome] += 1
                if outcome in {MISSED, NEAR} or (outcome == EQUAL and given.left_out):
                    what = " ".join(mutation.match[0].split())[:80]
                    print(f"{outcome}: {launch.name}, {mutation.kind}, {mutation.place}: {what}", flush=True)
    for kind, each in [*sorted(outcomes.items()), ("in all", sum(outcomes.values(), Counter()))]:
        planted = each[FOUND] + each[NEAR] + each[MISSED]
        print(f"{kind:34s} {each[FOUND]:4d} of {planted:4d}; {each[NEAR]:3d} {NEAR}, {each[EQUAL]:3d} {EQUAL}")
    return 0


def outcome_of(mutation: Mutation) -> str:
    """FOUND, MISSED, NEAR or EQUAL."""
    near = False
    for point in mutation.launch.points:
        said = found(mutation, point)
        if said not in {"", NEAR}:
            return FOUND
        near = near or said == NEAR
    if near:
        return NEAR
    return EQUAL if mutation.equal() else MISSED


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
