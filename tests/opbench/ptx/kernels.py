"""Small kernels written by hand: the frame around the instruction that a test is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from opbench import ptx
from opbench.ptx.number_types import NUMPY, width

HEAD = ".version 8.0\n.target sm_90\n.address_size 64\n"
REGISTERS = ".reg .pred %p<16>; .reg .b16 %h<16>; .reg .b32 %r<16>; .reg .b64 %d<16>; .reg .f32 %f<8>; .reg .f64 %g<8>;"


def kernel(body: str, parameters: Sequence[str] = (".u64 a",), outside: str = "", limits: str = "") -> str:
    """A whole text: `body` in a kernel `k`; a, b, ... of type .u64 are loaded into %d15, %d14, ..."""
    declared = ",\n".join(f".param {each}" for each in parameters)
    pointers = [each.split()[1] for each in parameters if each.startswith(".u64")]
    loads = "\n".join(f"ld.param.u64 %d{15 - place}, [{name}];" for place, name in enumerate(pointers))
    return f"{HEAD}{outside}\n.visible .entry k({declared}) {limits}\n{{\n{REGISTERS}\n{loads}\n{body}\nret;\n}}\n"


def holder(kind: str, number: int) -> str:
    """A register wide enough for the type."""
    return f"%{'h' if width(kind) <= 2 else 'r' if width(kind) == 4 else 'd'}{number}"


def computed(instruction: str, result: str, *operands: tuple[str, Any]) -> Any:
    """What an instruction gives for each element: `{d}` is its result of type `result`, `{0}`, `{1}`, ... its operands.

    operands: their type, and an array of it (bits for types that NumPy has not).
    """
    first = len(operands[0][1])
    arrays = [np.resize(np.asarray(array, NUMPY[kind]), first) for kind, array in operands]
    count = arrays[0].size
    names = [holder(kind, place) for place, (kind, _) in enumerate(operands)]
    lines = ["mov.u32 %r15, %tid.x;"]
    for place, (kind, _) in enumerate(operands):
        bits = f"b{8 * width(kind)}"
        lines += [
            f"mad.wide.u32 %d8, %r15, {width(kind)}, %d{14 - place};",
            f"ld.global.{bits} {names[place]}, [%d8];",
        ]
    target = holder(result, 7)
    lines.append(instruction.format(*names, d=target))
    lines += [f"mad.wide.u32 %d8, %r15, {width(result)}, %d15;", f"st.global.b{8 * width(result)} [%d8], {target};"]
    found = np.zeros(count, NUMPY[result])
    parameters = [".u64 out", *(f".u64 in{place}" for place in range(len(operands)))]
    ptx.run(kernel("\n".join(lines), parameters), None, 1, count, [found, *arrays])
    return found
