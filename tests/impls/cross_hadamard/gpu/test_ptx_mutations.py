"""Faults planted into what Triton, NVRTC and Numba emit of our kernels: the machine finds them, in the right words."""

from __future__ import annotations

from functools import partial
from importlib.metadata import PackageNotFoundError, version

import pytest

from impls.cross_hadamard.gpu import nvrtc

from ....compiled import release, remembered
from .mutation_table import RELEASES, SURVIVORS, TABLE
from .ptx_mutations import KINDS, Mutation, found
from .recorded_launches import COMPILERS, FILE, SOURCES, Recorded, recorded

ENOUGH = 0.95
"""Of all that are planted, so many are found."""


def launches_of(compiler: str) -> dict[str, Recorded]:
    """By name. Skips where the compiler is not here, or is of another release than the table."""
    for package, known in RELEASES[compiler].items():
        try:
            here = version(package)
        except PackageNotFoundError:
            pytest.skip(f"{package} is not installed")
        if here != known:
            pytest.skip(f"places were read off {package} {known}, here is {here}: python -m benchmarks.ptx.mutations")
    if compiler == "nvrtc" and (reason := nvrtc.why_not()):
        pytest.skip(reason)
    parts = [FILE.read_text(encoding="utf-8"), compiler, *(release(each) for each in RELEASES[compiler])]
    told = remembered(parts, SOURCES, partial(recorded, compiler))
    if isinstance(told, str):
        pytest.skip(told)
    return {each["name"]: Recorded(**each) for each in told}


@pytest.mark.parametrize("compiler", COMPILERS)
def test_planted_faults_are_found(compiler: str) -> None:
    launches = launches_of(compiler)
    requests: dict[str, int] = {}
    missed = []
    for name, kind, place, words in TABLE:
        if not name.startswith(compiler):
            continue
        if name not in requests:
            contents, intact = launches[name].launch(launches[name].text)
            assert not launches[name].wrong(contents), name
            requests[name] = intact.counters.requests
        said = found(Mutation(launches[name], kind, place), requests[name])
        if not said.startswith(words):
            missed.append((name, kind, place, words, said))
    assert not missed


@pytest.mark.parametrize(("name", "kind", "place"), SURVIVORS)
def test_what_is_not_found_is_known(name: str, kind: str, place: int) -> None:
    launch = launches_of(name.split(maxsplit=1)[0])[name]
    _, intact = launch.launch(launch.text)
    assert found(Mutation(launch, kind, place), intact.counters.requests) == "", "found by now: move it to the table"


def test_the_table_has_every_kind_and_few_survivors() -> None:
    assert {kind for _, kind, _, _ in TABLE} == KINDS.keys()
    assert len({row[:3] for row in TABLE}) == len(TABLE) >= 60
    assert len(TABLE) >= ENOUGH * (len(TABLE) + len(SURVIVORS))
