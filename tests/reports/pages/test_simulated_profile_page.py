"""The page of a case on the PTX machine: source beside traffic, what is hot, and what cannot be known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from opbench import ptx
from opbench.profiling.simulated_case import Launched, SimulatedProfile
from opbench.ptx import cost
from opbench.ptx.launching.simulated_device import KNOWN
from opbench.vocabulary.work import Work
from reports.pages.simulated_profile_page import render

from ..builders import record

TEXT = """.version 8.0
.target sm_90
.address_size 64
.shared .align 4 .b8 tile[256];
.visible .entry spread(.param .u64 x)
{
.reg .b32 %r<6>; .reg .b64 %d<4>;
ld.param.u64 %d1, [x];
mov.u32 %r1, %tid.x;
mul.wide.u32 %d2, %r1, 12;
add.s64 %d3, %d1, %d2;
ld.global.u32 %r2, [%d3];
shl.b32 %r3, %r1, 3;
mov.u32 %r4, tile;
add.u32 %r4, %r4, %r3;
st.shared.u32 [%r4], %r2;
ret;
}
"""


def profile(checked: str = "right") -> SimulatedProfile:
    result = ptx.run(TEXT, None, 1, 31, [np.zeros(93, np.uint32)])
    binary = cost.Binary("sm_90", 8, 24, 256, {"LDG.32": 1, "STS.32": 1})
    occupancy = cost.occupancy(KNOWN["sm_90"], 31, 8, 256)
    launched = Launched(cost.launch_cost(result), binary, occupancy, cost.bound("sm_90", result.counters))
    case = record().case
    return SimulatedProfile(case, "somebody's PTX", "sm_90", Work(0, 0, 0, 124, 0), (launched,), checked, ("no such",))


def test_it_shows_traffic_conflicts_occupancy_and_bound() -> None:
    page = render(profile())
    for words in (
        "ld.global.u32 %r2, [%d3]",  # 31 threads, 12 bytes apart: 364 bytes are 12 sectors
        '<td class="n">12</td><td class="n most">100 %</td><td class="n">32 %</td>',
        "384 B",
        ">3.10<",  # times the least
        '<td class="n">2</td><td class="n most">1</td>',  # turns and conflicts
        "8 registers a thread, 24 bytes spilled",
        "no less than",
        "documented, not measured: https://www.nvidia.com/en-us/data-center/h200/",
        "What L2 holds already may come quicker; its size is not documented.",
        "1 LDG.32, 1 STS.32",
        "somebody&#39;s PTX for sm_90",
        "no such",
    ):
        assert words in page, words
    assert not any(word in page for word in (" src=", " href=", "@import"))


def test_two_launches_stand_one_after_another_and_a_wrong_result_is_said() -> None:
    once = profile("mismatch: <off> by one")
    page = render(replace(once, launches=once.launches * 2))
    assert page.index("Launch 1 of 2: spread") < page.index("Launch 2 of 2: spread")
    assert "mismatch: &lt;off&gt; by one" in page


def test_without_a_documented_bandwidth_nothing_is_said_of_a_least_time() -> None:
    found = profile()
    (launched,) = found.launches
    page = render(replace(found, launches=(replace(launched, bound=None),)))
    assert "no less than" not in page
