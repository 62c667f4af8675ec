"""Launches of Triton's within `opbench.ptx.device`, told as JSON: a process without the interpreter has to make them.

`python triton_cases.py` prints one object: for each case what came of it. Exit code 3 where triton cannot compile.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch
import triton
import triton.language as tl

from opbench import ptx
from opbench.errors import OpbenchError


@triton.jit  # type: ignore[untyped-decorator]
def combine(x, y, out, count, scale, block: tl.constexpr):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    place = tl.program_id(0) * block + tl.arange(0, block)
    inside = place < count
    tl.store(out + place, tl.load(x + place, mask=inside) + scale * tl.load(y + place, mask=inside), mask=inside)


@triton.jit  # type: ignore[untyped-decorator]
def row_sums(x, out, columns, stride, block: tl.constexpr):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    column = tl.arange(0, block)
    values = tl.load(x + tl.program_id(0) * stride + column, mask=column < columns, other=0.0)
    tl.store(out + tl.program_id(0), tl.sum(values))


CONFIGURATIONS = [triton.Config({"block": block}, num_warps=1) for block in (32, 64)]
tuned = triton.autotune(CONFIGURATIONS, key=["count"])(combine)
X, Y = torch.arange(97.0), torch.arange(97.0).flip(0).contiguous()


def launched(count: int = 97, grid: Any = (4,), **options: Any) -> torch.Tensor:
    out = torch.zeros(97)
    combine[grid](X, Y, out, count, 0.5, block=32, num_warps=1, **options)
    return out


def grids() -> list[bool]:
    wanted = X + 0.5 * Y
    of_meta = launched(grid=lambda meta: (triton.cdiv(97, meta["block"]),))
    return [torch.equal(launched(), wanted), torch.equal(of_meta, wanted)]


def same_text() -> bool:
    """Whether a device runs the very text that `triton.compile` gives for these arguments."""
    compiled = combine[(4,)](X, Y, torch.zeros(97), 97, 0.5, block=32, num_warps=1)
    kinds = {"x": "*fp32", "y": "*fp32", "out": "*fp32", "count": "i32", "scale": "fp32", "block": "constexpr"}
    aligned = {(place,): [["tt.divisibility", 16]] for place in range(3)}
    source = triton.compiler.ASTSource(combine, kinds, constexprs={(5,): 32}, attrs=aligned)
    target = triton.backends.compiler.GPUTarget("cuda", 90, 32)
    alone = triton.compile(source, target=target, options={"num_warps": 1})
    return bool(compiled.asm["ptx"] == alone.asm["ptx"])


def strided() -> list[Any]:
    packed = torch.arange(60.0).reshape(5, 12)
    left, right = packed[:, :7], packed[:, 7:]
    sums = torch.zeros(2, 5)
    row_sums[(5,)](left, sums[0], 7, left.stride(0), block=8, num_warps=1)
    row_sums[(5,)](right, sums[1], 5, right.stride(0), block=8, num_warps=1)
    inside = torch.zeros(5, 3)
    combine[(1,)](inside[0], inside[1], inside[2], 3, 1.0, block=32, num_warps=1)
    return [torch.equal(sums[0], left.sum(1)), torch.equal(sums[1], right.sum(1))]


def overlapping() -> list[float]:
    shared = torch.arange(6.0)
    combine[(1,)](shared[:4], shared[2:], shared[:4], 4, 1.0, block=4, num_warps=1)
    return shared.tolist()


def autotuned() -> list[Any]:
    out = torch.zeros(97)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tuned[lambda meta: (triton.cdiv(97, meta["block"]),)](X, Y, out, 97, 0.5)
    said = [str(each.message) for each in caught if "autotuned" in str(each.message)]
    return [torch.equal(out, X + 0.5 * Y), said, len(tuned.cache), len(tuned.configs)]


def nothing(device: ptx.Device) -> int:
    before = len(device.results)
    launched(grid=(0,))
    return len(device.results) - before


def refused(run: Callable[[], object]) -> str:
    try:
        run()
    except OpbenchError as error:
        return f"{type(error).__name__}: {error}"
    return "nothing was refused"


def put_back() -> list[bool]:
    driver = triton.runtime.driver
    before = driver._active  # its property looks for a GPU
    with ptx.device("sm_80"), ptx.device("sm_90"):
        pass
    return [driver._active is before, triton.runtime.autotuner.Autotuner.run.__name__ == "run"]


def outcomes() -> dict[str, Any]:
    elsewhere = torch.zeros(97, device="meta")
    with ptx.device("sm_90") as device:
        found = {
            "grids": grids(),
            "same text": same_text(),
            "strided": strided(),
            "overlapping": overlapping(),
            "autotuned": autotuned(),
            "nothing": nothing(device),
            "out of bounds": refused(lambda: launched(count=98)),
            "elsewhere": refused(lambda: combine[(1,)](elsewhere, Y, X, 1, 1.0, block=32)),
            "clusters": refused(lambda: launched(num_ctas=2)),
            "timed": refused(triton.runtime.driver.active.get_benchmarker),
            "as text": refused(lambda: ptx.run(combine, None, 1, 32, [])),
        }
    kept = combine.device_caches["ptx:sm_90"][0]
    compiled = next(iter(kept.values()))
    with ptx.device("sm_80") as device:
        launched()
        found["sm_80"] = [device.results[0].kernel, *map(str, combine.device_caches)]
    return found | {"put back": put_back(), "kernels": len(kept), "name": compiled.name}


def main() -> int:
    if "nvidia" not in triton.backends.backends:
        print("this triton has no nvidia backend")
        return 3
    print(json.dumps(outcomes()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
