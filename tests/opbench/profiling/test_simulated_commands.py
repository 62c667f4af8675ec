"""`opbench profile` and `opbench count` with --simulate=ptx, through Triton's compiler: a small case from end to end.

A process of their own, because this one has Triton's interpreter on; one for both, of whose 3 s most are imports.
10 maps of 3 x 3 float32 are 360 bytes, and end within the twelfth sector; 5 are 180 bytes, and end within the sixth.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from opbench.cache import cache_folder
from opbench.simulation import SWITCHES

from ...commands import Interpreter

CASE = ("cross_hadamard", "--channels", "5", "--edge", "3", "--simulate=ptx", "--json")

COMMANDS = """
import contextlib, io, json, sys
from opbench.commands.app import main
told = []
for words in json.loads(sys.argv[1]):
    sys.argv = ["opbench", *words]
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
        main()
    told.append(printed.getvalue())
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def printed(interpreter: Interpreter, tmp_path_factory: pytest.TempPathFactory) -> list[list[dict[str, Any]]]:
    """The lines of JSON that each command prints."""
    if importlib.util.find_spec("triton") is None:
        pytest.skip("triton is not installed")
    results = str(tmp_path_factory.mktemp("simulated") / "results")
    profile = ("profile", *CASE, "--backend", "triton_jit:blocked", "--results", results)
    count = ("count", *CASE, "--backend", "triton_jit:blocked,torch_eager")
    kept = {"TRITON_CACHE_DIR": str(cache_folder() / "tests" / "triton")}
    done = interpreter.run(COMMANDS, ["-c", json.dumps([profile, count])], {**dict.fromkeys(SWITCHES), **kept})
    assert done.code == 0, done.stderr
    return [[json.loads(line) for line in told.splitlines()] for told in json.loads(done.stdout)]


def test_a_profile_is_right_counts_each_sector_and_writes_its_page(printed: list[list[dict[str, Any]]]) -> None:
    (facts,) = printed[0]
    assert (facts["by"], facts["architecture"], facts["checked"]) == ("Triton's PTX", "sm_90", "right")
    assert facts["least_bytes"] == {"read": 180, "written": 360}
    assert facts["distinct_bytes"] == {"read": 6 * 32, "written": 12 * 32}
    assert [launch["kernel"] for launch in facts["launches"]] == ["blocked"]
    assert "Triton&#39;s PTX for sm_90" in Path(facts["profile"]).read_text(encoding="utf-8")


def test_a_count_has_a_row_for_what_runs_and_a_reason_for_what_does_not(printed: list[list[dict[str, Any]]]) -> None:
    counted, refused = printed[1]
    assert (counted["by"], counted["architecture"], counted["launches"]) == ("Triton's PTX", "sm_90", 1)
    assert (counted["distinct_sectors_read"], counted["distinct_sectors_written"]) == (6, 12)
    assert counted["sectors_written"] >= 12
    assert counted["written_over_least"] == counted["sectors_written"] * 32 / 360
    assert refused == {
        "backend": "torch_eager",
        "reason": "has no kernels of its own that the PTX machine executes",
        "point": "cross_hadamard/float32/cpu/forward/none/batch=1,channels=5,edge=3,selected=0",
        "faulty": False,
    }
