"""`opbench profile --simulate=ptx`: what it refuses, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from opbench import simulation
from opbench.commands.profile import simulated as simulated_profile
from opbench.errors import MachineError, UsageError
from opbench.profiling.case_options import CaseOptions


def run(
    results: Path, way: str = "ptx", arch: str = "", device: str = "auto", measures: bool = False, **options: str
) -> int:
    named = {"backend": "torch_eager", "mode": "forward"} | options
    case = CaseOptions(
        "cross_hadamard", {"channels": (5,), "edge": (3,)}, None, named["backend"], "float32", named["mode"]
    )
    return simulated_profile.run(case, way, arch, device, measures, results, as_json=False)


@pytest.fixture(autouse=True)
def switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "switch_on", lambda _: monkeypatch.setenv(simulation.SWITCH, simulation.PTX))


def test_it_counts_what_compilers_emit_and_measures_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--simulate=source: profile takes ptx alone"):
        run(tmp_path, way="source")
    for way in ("", "source"):
        with pytest.raises(UsageError, match="--arch sm_80 says what --simulate=ptx compiles for"):
            run(tmp_path, way=way, arch="sm_80")
    with pytest.raises(UsageError, match="leave --device cuda away"):
        run(tmp_path, device="cuda")
    with pytest.raises(UsageError, match="leave --ncu, --perf and --compile-times away"):
        run(tmp_path, measures=True)
    with pytest.raises(UsageError, match="leave --mode out away"):
        run(tmp_path, mode="out")


def test_a_backend_without_kernels_that_the_machine_executes_leaves_no_run(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="torch_eager: has no kernels of its own that the PTX machine executes"):
        run(tmp_path)
    assert not list(tmp_path.iterdir())
