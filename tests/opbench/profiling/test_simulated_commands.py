"""`opbench profile` and `opbench count` with --simulate=ptx, through Triton's compiler: a small case from end to end.

Processes of their own, because this one has Triton's interpreter on. 10 maps of 3 x 3 float32 are 360 bytes, and end
within the twelfth sector; 5 are 180 bytes, and end within the sixth.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from opbench import simulation
from opbench.cache import cache_folder
from tests.commands import Ended, ended

CASE = ("cross_hadamard", "--channels", "5", "--edge", "3", "--simulate=ptx", "--json")
COMPILED = dict.fromkeys(simulation.SWITCHES, "0") | {simulation.SWITCH: "", "TRITON_DEFAULT_FP_FUSION": "1"}


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> list[Ended]:
    if importlib.util.find_spec("triton") is None:
        pytest.skip("triton is not installed")
    folder = tmp_path_factory.mktemp("simulated")
    profile = ("profile", *CASE, "--backend", "triton_jit:blocked", "--results", str(folder / "results"))
    count = ("count", *CASE, "--backend", "triton_jit:blocked,torch_eager", "--arch", "sm_80")
    environment = COMPILED | {"TRITON_CACHE_DIR": str(cache_folder() / "tests" / "triton")}
    return ended(folder, [profile, count], environment, ("torch", "triton"))


def lines(done: Ended) -> list[dict[str, Any]]:
    assert done.code == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_profile_is_right_counts_each_sector_and_writes_its_page(commands: list[Ended]) -> None:
    (facts,) = lines(commands[0])
    assert (facts["by"], facts["architecture"], facts["checked"]) == ("Triton's PTX", "sm_90", "right")
    assert facts["least_bytes"] == {"read": 180, "written": 360}
    assert facts["distinct_bytes"] == {"read": 6 * 32, "written": 12 * 32}
    assert [launch["kernel"] for launch in facts["launches"]] == ["blocked"]
    assert "Triton&#39;s PTX for sm_90" in Path(facts["profile"]).read_text(encoding="utf-8")


def test_a_count_has_a_row_for_what_runs_and_a_reason_for_what_does_not(commands: list[Ended]) -> None:
    counted, refused = lines(commands[1])
    assert (counted["by"], counted["architecture"], counted["launches"]) == ("Triton's PTX", "sm_80", 1)
    assert (counted["distinct_sectors_read"], counted["distinct_sectors_written"]) == (6, 12)
    assert counted["sectors_written"] >= 12
    assert counted["written_over_least"] == counted["sectors_written"] * 32 / 360
    assert refused == {
        "backend": "torch_eager",
        "reason": "has no kernels of its own that the PTX machine executes",
        "faulty": False,
    }
