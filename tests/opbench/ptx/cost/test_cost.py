"""What is put together of a launch: lines, kinds, occupancy, bound."""

from __future__ import annotations

import re

import numpy as np
import pytest

from opbench import ptx
from opbench.errors import MachineError, UsageError
from opbench.ptx import cost
from opbench.ptx.cost import binary
from opbench.ptx.launching.simulated_device import KNOWN, Properties

from ..kernels import kernel

SM_90, SM_86 = KNOWN["sm_90"], KNOWN["sm_86"]
BODY = """mov.u32 %r0, %tid.x; mad.wide.u32 %d1, %r0, 4, %d15;
.loc 1 3 1
ld.global.nc.L1::evict_last.f32 %f1, [%d1];
// begin inline asm
.loc 1 4 1
add.f32 %f1, %f1, %f1;
// end inline asm
.loc 1 7 1
st.global.cs.f32 [%d1], %f1;"""


def launched() -> cost.LaunchCost:
    text = kernel(BODY) + '.file 1 "nowhere/pairs.py"\n'
    return cost.launch_cost(ptx.run(text, "k", 1, 41, [np.zeros(41, np.float32)]))


def test_lines_of_the_source_have_what_their_instructions_cost() -> None:
    lines = {each.line: each for each in launched().lines if each.file}
    assert (lines[3].requests, lines[3].sectors, lines[3].bytes) == (2, 4 + 2, 164)
    assert lines[3].coalescing == pytest.approx(164 / 192)
    assert (lines[3].caches, lines[7].caches) == (("nc", "L1::evict_last"), ("cs",))
    assert lines[3].text == ""  # its file is not here


def test_lines_that_are_counted_on_within_inline_assembly_belong_to_the_one_before() -> None:
    lines = {each.line: each.instructions for each in launched().lines if each.file}
    assert lines == {3: 2 * 2, 7: 2 * 2}  # the load and the addition; the store and the exit


def test_kinds_add_up_to_all_instructions() -> None:
    found = launched()
    assert found.kinds == {"memory": 4, "float": 2, "integer": 2, "conversion": 0, "control": 2, "other": 4}
    assert sum(found.kinds.values()) == sum(found.counters.instructions.values())


@pytest.mark.parametrize(("threads", "registers", "shared", "blocks", "limited_by"), [
    (256, 32, 0, 8, {"threads", "registers"}),
    (64, 90, 0, 10, {"registers"}),  # 3072 registers a warp: 5 in each quarter, 20 warps
    (64, 33, 0, 24, {"registers"}),  # 1056 are taken as 1280
    (33, 16, 0, 32, {"threads", "blocks"}),  # two warps
    (128, 32, 50 << 10, 4, {"shared memory"}),  # 51 KiB with what is reserved, of 228
    (1024, 64, 0, 1, {"registers"}),
])  # fmt: skip
def test_the_scarcest_resource_limits_the_blocks(
    threads: int, registers: int, shared: int, blocks: int, limited_by: set[str]
) -> None:
    found = cost.occupancy(SM_90, threads, registers, shared)
    assert (found.blocks, {*found.limited_by}) == (blocks, limited_by)
    assert found.warps == blocks * -(-threads // 32)


def test_a_smaller_device_holds_fewer_warps_and_a_block_must_fit() -> None:
    assert cost.occupancy(SM_86, 256, 32, 0).most_warps == 48
    with pytest.raises(UsageError, match="not enough registers; make the block smaller"):
        cost.occupancy(SM_90, 1024, 65, 0)


def test_the_bound_is_distinct_sectors_over_the_peak() -> None:
    found = cost.bound("sm_80", launched().counters)
    assert found.moved_bytes == 32 * (6 + 6)
    assert found.seconds == pytest.approx(384 / found.peak.bytes_per_s)
    assert found.cached
    assert cost.bound("sm_90", launched().counters).cached is None  # no page says how large its L2 is


def test_what_no_page_documents_has_no_bound_and_each_peak_names_its_page() -> None:
    with pytest.raises(UsageError, match=r"no bound for sm_86: .* it is of sm_80, sm_89, sm_90, sm_100"):
        cost.bound("sm_86", launched().counters)
    assert cost.PEAKS.keys() <= KNOWN.keys()
    for peak in cost.PEAKS.values():
        pages = [peak.source] if peak.l2_bytes is None else [peak.source, peak.l2_source]
        assert all(re.match(r"https://(www|docs|images)\.nvidia\.com/", page) for page in pages)
        assert (peak.l2_bytes is None) == (not peak.l2_source)


def test_without_an_assembler_registers_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary, "_tools", lambda _: [])
    with pytest.raises(MachineError, match="no ptxas here"):
        cost.inspect("", "k", "sm_90")


def test_the_assembler_says_registers_and_widths() -> None:
    try:
        found = cost.inspect(kernel(BODY.replace(".loc", "// .loc")), "k", "sm_90")
    except MachineError as missing:
        pytest.skip(str(missing))
    assert found.registers > 0
    assert (found.spill_bytes, found.static_bytes) == (0, 0)
    if found.accesses is not None:
        assert found.accesses == {"LDG.32": 1, "STG.32": 1}


@pytest.mark.parametrize("properties", KNOWN.values(), ids=lambda each: each.architecture)
def test_a_block_may_have_all_of_a_multiprocessor_but_what_is_reserved(properties: Properties) -> None:
    assert cost.occupancy(properties, 1, 1, properties.block_shared_bytes).blocks == 1
    with pytest.raises(UsageError, match="not enough shared memory"):
        cost.occupancy(properties, 1, 1, properties.block_shared_bytes + 1)


def test_what_a_thread_keeps_for_itself_is_told_apart_from_global_traffic() -> None:
    body = ".local .align 4 .b8 own[8]; mov.u32 %r1, 7; st.local.u32 [own], %r1; ld.local.u32 %r2, [own];"
    lines = cost.launch_cost(ptx.run(kernel(body), None, 1, 3, [np.zeros(1, np.uint64)])).lines
    assert sum(line.local_bytes for line in lines) == 2 * 3 * 4
    assert sum(line.sectors for line in lines) == 0
