"""What the device's own assembler makes of PTX: registers, spills, shared memory, and the widths of its accesses.

ptxas compiles, cuobjdump and nvdisasm list; Triton's package ships all three, and so does the CUDA Toolkit. None needs
a GPU.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from opbench.errors import MachineError, first_line
from opbench.ptx.cost.ptxas_report import Used, used

ACCESS = re.compile(r"\b(?:LD|ST|RED|ATOM)[GSL]?(?:\.[A-Z0-9_]+)*\b")
WIDTHS = {"U8": 8, "S8": 8, "U16": 16, "S16": 16, "64": 64, "128": 128, "256": 256}


@dataclass(frozen=True, slots=True)
class Binary:
    """One kernel, compiled for `architecture`.

    registers: of a thread. spill_bytes: that a thread stores because its registers do not suffice.
    static_bytes: of a block's shared memory.
    accesses: instructions by name, space and bits, such as "LDG.128"; None where nothing lists them, says `unlisted`.
    """

    architecture: str
    registers: int
    spill_bytes: int
    static_bytes: int
    accesses: dict[str, int] | None = None
    unlisted: str = ""


def inspect(text: str, kernel: str, architecture: str) -> Binary:
    """Raises MachineError where ptxas is missing, or does not take the PTX."""
    assemblers = _tools("ptxas")
    if not assemblers:
        raise MachineError("no ptxas here, so registers are not known; python -m pip install triton, which ships it")
    with tempfile.TemporaryDirectory() as folder:
        source, cubin = Path(folder) / "kernel.ptx", Path(folder) / "kernel.cubin"
        source.write_text(text, encoding="utf-8")
        target = re.search(r"^\s*\.target\s+(sm_\d+[af]?)", text, re.MULTILINE)
        arch = target[1] if target and target[1].startswith(architecture) else architecture
        for ptxas in assemblers:
            done = _ran([ptxas, "-v", f"-arch={arch}", "-o", str(cubin), str(source)])
            if not done.returncode:
                break
        else:
            raise MachineError(f"ptxas does not take kernel {kernel}: {first_line(ValueError(done.stderr))}")
        usage = _used(done.stderr, kernel)
        listing, why = _listed(cubin, kernel)
    accesses = None if listing is None else _accesses(listing)
    return Binary(arch, usage.registers, usage.spill_bytes, usage.static_bytes, accesses, why)


def _used(report: str, kernel: str) -> Used:
    """What ptxas prints with -v. Raises MachineError where it says nothing of the kernel."""
    usages = used(report)
    if kernel not in usages:
        raise MachineError(f"ptxas says nothing of kernel {kernel}; it compiled {', '.join(usages) or 'none'}")
    return usages[kernel]


def _listed(cubin: Path, kernel: str) -> tuple[str | None, str]:
    """The kernel's instructions as text, or None and why not."""
    listers = _tools("cuobjdump")
    if not listers or not _tools("nvdisasm"):
        return None, "cuobjdump and nvdisasm are not here; python -m pip install triton, which ships them"
    done = _ran([listers[0], "-sass", "-fun", kernel, str(cubin)], Path(listers[0]).parent)
    if done.returncode:
        return None, f"cuobjdump: {first_line(ValueError(done.stderr))}"
    return done.stdout, ""


def _accesses(listing: str) -> dict[str, int]:
    """From `LDG.E.128.CONSTANT` to "LDG.128": what is behind is order and cache, which the PTX says better."""
    found: Counter[str] = Counter()
    for name in ACCESS.findall(listing):
        opcode, *words = name.split(".")
        if opcode not in {
            "LD",
            "ST",
            "RED",
            "ATOM",
            "LDG",
            "STG",
            "REDG",
            "ATOMG",
            "LDS",
            "STS",
            "ATOMS",
            "LDL",
            "STL",
        }:
            continue
        bits = next((WIDTHS[word] for word in words if word in WIDTHS), 32)
        found[f"{opcode}.{bits}"] += 1
    return dict(sorted(found.items()))


def _tools(name: str) -> list[str]:
    """Triton's own, the newest first (it ships a second ptxas, which takes newer PTX), and the one on PATH."""
    found = []
    spec = find_spec("triton")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "backends" / "nvidia" / "bin"
        found = [str(folder / each) for each in (f"{name}-blackwell", name) if (folder / each).is_file()]
    own = shutil.which(name)
    return [*found, own] if own else found


def _ran(command: list[str], beside: Path | None = None) -> subprocess.CompletedProcess[str]:
    """beside: the folder in which cuobjdump looks for nvdisasm."""
    path = {"PATH": f"{beside}:/usr/bin:/bin"} if beside else None
    return subprocess.run(command, capture_output=True, text=True, check=False, env=path)
