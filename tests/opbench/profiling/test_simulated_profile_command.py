"""`opbench profile --simulate=ptx`: what it refuses, in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from opbench import ptx, simulation
from opbench.commands.profile import simulated as simulated_profile
from opbench.errors import MachineError, UsageError
from opbench.profiling.case_options import CaseOptions
from opbench.profiling.simulated_case import Launched, SimulatedProfile
from opbench.ptx import cost
from opbench.vocabulary.work import Work
from tests.opbench.ptx.kernels import kernel


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


COPY = """mov.u32 %r0, %tid.x; mad.wide.u32 %d1, %r0, 12, %d15;
ld.global.f32 %f1, [%d1]; st.global.f32 [%d1], %f1;"""


@pytest.mark.parametrize(("checked", "code"), [("right", 0), ("wrong at 3", 1)])
def test_for_people_it_names_traffic_over_the_least_the_lines_that_cause_it_and_what_is_not_to_be_had(
    checked: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """31 floats that lie 12 bytes apart are 124 of 364 bytes, in 12 sectors of 32, read and written."""
    result = ptx.run(kernel(COPY), "k", 1, 31, [np.zeros(93, np.float32)])
    launched = Launched(cost.launch_cost(result), None, None, None)

    def profiled(case: object, architecture: str) -> SimulatedProfile:
        work = Work(0, 0, 0, 124, 0)
        return SimulatedProfile(case, "somebody's PTX", architecture, work, (launched,), checked, ("no ptxas",))  # type: ignore[arg-type]

    monkeypatch.setattr(simulated_profile, "profile_simulated", profiled)
    assert run(tmp_path) == code
    first, read, written, of_kernel, *lines = capsys.readouterr().out.splitlines()
    assert first.endswith(f"somebody's PTX for sm_90; {checked}")
    assert read.split(None, 1)[1].startswith("384 bytes in distinct sectors, 384 in all requests: 3.10 and 3.10 times")
    assert written.split(None, 1)[1] == "384 bytes in distinct sectors, 384 in all requests: 0"
    assert of_kernel.startswith("  k: grid (1, 1, 1), block (31, 1, 1), ")
    traffic = [line for line in lines if " sectors " in line]
    assert [line.split()[:3] for line in traffic] == [["24", "sectors", "32%"]]  # one line of source has both
    assert "not to be had: no ptxas" in lines
    page = Path(lines[-1].removeprefix("profile: "))
    assert page.is_file()
    assert page.is_relative_to(tmp_path.resolve())
