"""What tools say of a kernel's binary, and what of it is not to be had where one of them is missing or refuses."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from opbench.errors import MachineError
from opbench.ptx.cost import binary
from opbench.ptx.cost.binary import inspect

TEXT = ".version 8.0\n.target sm_90a\n.address_size 64\n"
REPORT = """ptxas info    : Compiling entry function 'k' for 'sm_90a'
ptxas info    : Function properties for k
    0 bytes stack frame, 16 bytes spill stores, 8 bytes spill loads
ptxas info    : Used 23 registers, 128 bytes smem
"""
LISTING = "LDG.E.128.CONSTANT R4, [R2.64] ;\nSTG.E desc[UR4][R2.64], R5 ;\nLDC R1, c[0x0][0x28] ;\n"


class Tools:
    """In place of ptxas, cuobjdump and nvdisasm. code, said: of a tool by its name; asked: what was run."""

    def __init__(self, *there: str) -> None:
        self.there = there
        self.code: dict[str, int] = {}
        self.said = {"ptxas": REPORT, "cuobjdump": LISTING}
        self.asked: list[Sequence[str]] = []

    def find(self, name: str) -> list[str]:
        return [one for one in self.there if Path(one).name.startswith(name)]

    def run(self, command: Sequence[str], _: Path | None = None) -> subprocess.CompletedProcess[str]:
        self.asked.append(command)
        name = Path(command[0]).name
        said = self.said[name.partition("-")[0]]
        return subprocess.CompletedProcess(command, self.code.get(name, 0), said, said)


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    found = Tools("bin/ptxas-blackwell", "bin/ptxas", "bin/cuobjdump", "bin/nvdisasm")
    monkeypatch.setattr(binary, "_tools", found.find)
    monkeypatch.setattr(binary, "_ran", found.run)
    return found


def test_registers_spills_and_accesses_of_memory_are_told(tools: Tools) -> None:
    found = inspect(TEXT, "k", "sm_90")
    assert (found.architecture, found.registers, found.static_bytes) == ("sm_90a", 23, 128)
    assert found.spill_bytes == 16
    assert found.accesses == {"LDG.128": 1, "STG.32": 1}  # what is loaded from constants is no traffic
    assert "-arch=sm_90a" in tools.asked[0]


def test_the_next_assembler_is_asked_where_one_does_not_take_the_text(tools: Tools) -> None:
    tools.code["ptxas-blackwell"] = 1
    assert inspect(TEXT, "k", "sm_90").registers == 23
    tools.code["ptxas"] = 1
    tools.said["ptxas"] = "ptxas fatal   : Unsupported .version 9.9\nmore"
    with pytest.raises(
        MachineError, match=r"^ptxas does not take kernel k: ptxas fatal   : Unsupported \.version 9\.9$"
    ):
        inspect(TEXT, "k", "sm_90")


def test_a_kernel_that_the_report_does_not_have_is_told_with_those_it_has(tools: Tools) -> None:
    with pytest.raises(MachineError, match="ptxas says nothing of kernel other; it compiled k"):
        inspect(TEXT, "other", "sm_90")


def test_without_a_listing_the_rest_is_told_and_why_there_is_none(tools: Tools) -> None:
    tools.code["cuobjdump"] = 255
    tools.said["cuobjdump"] = "cuobjdump fatal: no nvdisasm"
    found = inspect(TEXT, "k", "sm_90")
    assert (found.registers, found.accesses, found.unlisted) == (23, None, "cuobjdump: cuobjdump fatal: no nvdisasm")
    tools.there = ("bin/ptxas",)
    assert "cuobjdump and nvdisasm are not here" in inspect(TEXT, "k", "sm_90").unlisted
