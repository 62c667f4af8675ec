"""Compiling kernels for sets of vector instructions: the widest that this processor has, or all that a wheel brings.

The objects are free of PyTorch and are linked behind everything else: of an inline function that several objects hold
the linker keeps the first, which must be the one that every processor can run.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from impls.cxx import Unit, knows
from impls.processor import processor

FLAGS = ("-std=c++17", "-O3", "-fno-math-errno", "-fopenmp", "-fPIC", "-fvisibility=hidden", "-w")
"""-w: GCC 12 warns of its own AVX-512 header, whose undefined registers it takes for a mistake."""

SWITCH = "OPBENCH_VECTORS"
"""`every` has all sets compiled that this processor has, of which the narrower are for tests and comparisons."""


@dataclass(frozen=True)
class Variant:
    """One set of vector instructions that kernels are compiled for.

    flags: of the instructions.
    needs: what /proc/cpuinfo says of a processor that has them.
    below: the variant whose kernels of types without instructions of their own here serve this one too: of float32 and
        float64, and of float16 where only bfloat16 has some.
    """

    name: str
    flags: tuple[str, ...]
    needs: frozenset[str] = frozenset()
    below: str = ""

    @property
    def defines(self) -> tuple[str, ...]:
        return (f"-DOPBENCH_VARIANT={self.name}", *((f"-DOPBENCH_VARIANT_BELOW={self.below}",) if self.below else ()))

    @property
    def has(self) -> str:
        """What the file that chooses a variant is compiled with, where this one was."""
        return f"-DOPBENCH_HAS_{self.name.upper()}"


_AVX2 = ("-mavx2", "-mfma", "-mf16c")
_AVX512 = (*_AVX2, "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mprefer-vector-width=512")
_HAS_AVX2 = frozenset({"avx2", "fma"})
_HAS_AVX512 = _HAS_AVX2 | {"avx512f", "avx512bw", "avx512dq", "avx512vl"}
_FROM_AVX2_ON = (
    Variant("avx512", _AVX512, _HAS_AVX512),
    Variant("avx2", _AVX2, _HAS_AVX2),
    Variant("avx512_bf16", (*_AVX512, "-mavx512bf16"), _HAS_AVX512 | {"avx512_bf16"}, below="avx512"),
    Variant(
        "avx512_half",
        (*_AVX512, "-mavx512fp16", "-mavx512bf16"),
        _HAS_AVX512 | {"avx512_fp16", "avx512_bf16"},
        below="avx512",
    ),
)
_NATIVE = (Variant("native", ("-march=native",)),)


def of_kind(processor_flags: str, machine: str = platform.machine()) -> tuple[Variant, ...]:
    """What serves every processor of this kind, the slowest to compile first.

    processor_flags: the line of /proc/cpuinfo. On x86-64 with AVX2 the same four whatever else it has; elsewhere one
    for this very machine.
    """
    return _FROM_AVX2_ON if machine == "x86_64" and _HAS_AVX2.issubset(processor_flags.split()) else _NATIVE


def wanted(
    processor_flags: str, machine: str = platform.machine(), *, wheel: bool = False, half: bool = True
) -> tuple[Variant, ...]:
    """What is compiled on this processor, the slowest first: the widest it has, and what that stands on.

    The kernels of opbench_cpp take 9.6 s of a processor for AVX-512 alone and 23 with those of AVX2 and FP16 (GCC 12,
    EPYC 9004).

    wheel: for every processor of this kind. half: whether kernels differ in half precision; without, variants that
    differ in nothing else are left out. Where SWITCH says `every`, all that the processor has.
    """
    kind, has = of_kind(processor_flags, machine), {*processor_flags.split()}
    here = [variant for variant in kind if variant.needs <= has]
    widest = max(here, key=lambda variant: len(variant.needs))
    if wheel:
        chosen = list(kind)
    elif os.environ.get(SWITCH) == "every":
        chosen = here
    else:
        chosen = [variant for variant in here if variant.name in {widest.name, widest.below}]
    return tuple(variant for variant in chosen if half or not variant.below)


def one_for_all(processor_flags: str, machine: str = platform.machine()) -> bool:
    """Whether a library of all of its kind's variants runs on other processors of this kind."""
    return of_kind(processor_flags, machine) is not _NATIVE


def compilable(variants: Iterable[Variant]) -> tuple[Variant, ...]:
    """Those whose instructions the compiler knows."""
    return tuple(variant for variant in variants if knows(variant.flags))


def units(variant: Variant, sources: Iterable[Path], folder: Path) -> list[Unit]:
    """What is compiled for one variant, with objects in `folder`."""
    flags = (*FLAGS, *variant.flags, *variant.defines)
    salt = "" if variant.needs else processor()
    return [Unit(source, flags, folder / f"{source.stem}.{variant.name}.o", salt) for source in sources]
