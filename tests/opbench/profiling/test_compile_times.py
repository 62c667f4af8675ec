"""Two fresh processes, one cache folder: empty for the first, filled for the second; the user's caches are safe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from opbench import catalog, plugins
from opbench.errors import MachineError
from opbench.profiling import compile_times
from opbench.profiling.target import run_case
from opbench.vocabulary.case import Axes, Case, Point

TESTS = Path(__file__).parents[2]

FILES = {
    "operator.py": """
from dataclasses import replace
from cheats.liar import operator
OPERATOR = replace(operator.OPERATOR, name="keeper")
""",
    "keeps.py": """
import os
from pathlib import Path
from opbench import Backend
def prepare(point, inputs, out, schedule):
    kept = [Path(os.environ[name]) for name in ("OPBENCH_CACHE", "CUPY_CACHE_DIR")]
    with open(os.environ["TOLD"], "a") as told:
        told.write("filled " if (kept[0] / "deep" / "library").exists() else "empty ")
    for folder in kept:
        (folder / "deep").mkdir(parents=True, exist_ok=True)
        (folder / "deep" / "library").write_bytes(b"x" * 997)
    return lambda: inputs["x"] * 2
BACKEND = Backend(about="for the tests", prepare=prepare)
""",
    "full.py": """
from opbench import Backend
def prepare(*_):
    raise OSError(28, "No space left on device", "/somewhere")
BACKEND = Backend(about="for the tests", prepare=prepare)
""",
}


@pytest.fixture
def keeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An operator whose backends fill caches; the folder that holds everything, the user's cache included."""
    folder = tmp_path / "path"
    for name in ("keeping", "keeper-1.dist-info"):
        (folder / name).mkdir(parents=True)
    for name, source in FILES.items():
        (folder / "keeping" / name).write_text(source)
    (folder / "keeping" / "__init__.py").write_text("")
    (folder / "keeper-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: keeper\nVersion: 1\n")
    (folder / "keeper-1.dist-info" / "entry_points.txt").write_text("[opbench.operators]\nkeeper = keeping\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{TESTS}", prepend=":")  # it is the cheats' operator under another name
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "users"))
    monkeypatch.delenv("CUPY_CACHE_DIR", raising=False)
    caches = (catalog.operators, plugins.announced, plugins.entry_points)
    for cached in caches:
        cached.cache_clear()
    yield tmp_path
    for cached in caches:
        cached.cache_clear()


def keeping(backend: str) -> Case:
    return Case(Point("keeper", Axes({"size": 7})), backend)


def test_the_first_finds_empty_caches_the_second_filled_ones_and_the_users_stay_as_they_were(keeper: Path) -> None:
    times = compile_times.measure_compile_times(keeping("keeps"), 100)
    assert (keeper / "told").read_text() == "empty filled "
    assert not (keeper / "users").exists()
    opbench, cupy = times.caches
    assert (opbench.location, opbench.size_bytes, opbench.files) == (str(keeper / "users"), 997, 1)
    assert (cupy.location, cupy.size_bytes) == (str(Path.home() / ".cupy" / "kernel_cache"), 997)


def test_a_full_disk_is_one_line(keeper: Path) -> None:
    with pytest.raises(MachineError, match=r"full: OSError: .* No space left on device") as refused:
        compile_times.measure_compile_times(keeping("full"), 100)
    assert "\n" not in str(refused.value)


def test_every_cache_is_moved_by_a_variable_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = [cache.variable() for cache in compile_times.CACHES]
    assert len(set(variables)) == len(variables)
    for name in variables:
        monkeypatch.delenv(name, raising=False)
    assert all(Path(cache.location()).is_absolute() for cache in compile_times.CACHES)
    locations = {name: f"/elsewhere/{name}" for name in variables}
    for name, location in locations.items():
        monkeypatch.setenv(name, location)
    moved = {cache.variable(): cache.location() for cache in compile_times.CACHES}
    assert moved == locations | {
        "TRITON_HOME": "/elsewhere/TRITON_HOME/.triton/cache",
        "OPBENCH_CACHE": "/elsewhere/OPBENCH_CACHE",
    }


def test_a_named_folder_of_tritons_is_moved_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", "/mine")
    (triton,) = (cache for cache in compile_times.CACHES if "Triton" in cache.what)
    assert (triton.variable(), triton.location()) == ("TRITON_CACHE_DIR", "/mine")


def test_seconds_are_of_preparing_and_of_the_first_call_without_their_imports(
    liar: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imports take 4 of the 10 seconds of preparing, and 1 of the 3 of the first call."""
    imports = SimpleNamespace(seconds=0.0)
    moments = iter([(0.0, 0.0), (10.0, 4.0), (13.0, 5.0)])

    def clock() -> float:
        now, imports.seconds = next(moments)
        return now

    class FakeTimer:
        def __enter__(self) -> SimpleNamespace:
            return imports

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(run_case, "perf_counter", clock)
    monkeypatch.setattr(run_case, "ImportTimer", FakeTimer)
    case = Case(Point("liar", Axes({"size": 7})), "honest")
    operator = catalog.operator("liar")
    launch, answer = run_case._prepare(operator, run_case._admit(operator, case), case)
    assert answer == {"prepare_s": 6.0, "first_call_s": 2.0, "import_s": 5.0}
    assert torch.equal(launch(), operator.reference(case.point, operator.inputs(case.point)).float())
