"""Faults planted into what four compilers emit of our kernels: the machine finds them, in the right words."""

from __future__ import annotations

import re
import subprocess
from functools import partial
from importlib.metadata import PackageNotFoundError, version

import pytest

from impls.cross_hadamard.gpu import nvcc_ptx, nvrtc

from ....compiled import remembered
from .mutation_table import RELEASES, SURVIVORS, TABLE
from .planted.kinds import KINDS, NARROWED
from .planted.launches import Recorded
from .planted.operations import COMPILERS
from .planted.recording import FOLDER, SOURCES, recorded
from .ptx_mutations import NEAR, Mutation, found

ENOUGH = 0.95
"""Of all that are planted, so many are found."""


def launches_of(compiler: str) -> dict[str, Recorded]:
    """By name. Skips where the compiler is not here, or is of another release than the table."""
    (package, known), here = RELEASES[compiler], release_of(compiler)
    if here is None:
        pytest.skip(f"{package} is not installed")
    if here != known:
        pytest.skip(f"places were read off {package} {known}, here is {here}: python -m benchmarks.ptx.mutations")
    if compiler == "nvrtc" and (reason := nvrtc.why_not()):
        pytest.skip(reason)
    texts = [(FOLDER / f"{name}.py").read_text(encoding="utf-8") for name in ("launches", "operations", "recording")]
    parts = [*texts, compiler, here]
    told = remembered(parts, SOURCES, partial(recorded, compiler))
    if isinstance(told, str):
        pytest.skip(told)
    return {each["name"]: Recorded.of(each) for each in told}


def release_of(compiler: str) -> str | None:
    """Of the package that decides what it emits; None where that is not installed."""
    if compiler != "nvcc":
        try:
            return version(RELEASES[compiler][0])
        except PackageNotFoundError:
            return None
    if (nvcc := nvcc_ptx.nvcc()) is None:
        return None
    said = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=True).stdout
    number = re.search(r"V([\d.]+)", said)
    return number[1] if number else said


@pytest.mark.parametrize("compiler", COMPILERS)
def test_planted_faults_are_found(compiler: str) -> None:
    launches = launches_of(compiler)
    whole: set[str] = set()
    missed = []
    for name, kind, place, words in TABLE:
        if not name.startswith(compiler):
            continue
        launch, point = launches[name], launches[name].points[0]
        if name not in whole:
            contents, _ = launch.launch(launch.text, point)
            assert not launch.differs(point, contents), name
            whole.add(name)
        said = found(Mutation(launch, kind, place), point)
        if not said.startswith(words):
            missed.append((name, kind, place, words, said))
    assert not missed


@pytest.mark.parametrize(("name", "kind", "place"), SURVIVORS)
def test_what_is_not_found_is_known(name: str, kind: str, place: int) -> None:
    launch = launches_of(name.split(maxsplit=1)[0])[name]
    said = [found(Mutation(launch, kind, place), point) for point in launch.points]
    assert {*said} <= {"", NEAR}, "found by now: move it to the table"


def test_the_table_has_every_kind_and_few_survivors() -> None:
    assert {kind for _, kind, _, _ in TABLE} == KINDS.keys() - {NARROWED}  # which test_beyond_32_bits.py has
    assert len({row[:3] for row in TABLE}) == len(TABLE) >= 60
    assert len(TABLE) >= ENOUGH * (len(TABLE) + len(SURVIVORS))
