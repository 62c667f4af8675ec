"""Compiling kernels once for each set of vector instructions, so that one library serves every processor of a kind.

The objects are free of PyTorch and are linked behind everything else: of an inline function that several objects hold
the linker keeps the first, which must be the one that every processor can run.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from impls.cxx import Unit, knows

FLAGS = ("-std=c++17", "-O3", "-fno-math-errno", "-fopenmp", "-fPIC", "-fvisibility=hidden", "-w")
"""-w: GCC 12 warns of its own AVX-512 header, whose undefined registers it takes for a mistake."""


@dataclass(frozen=True)
class Variant:
    """One set of vector instructions that kernels are compiled for.

    flags: of the instructions.
    below: the variant whose kernels of float32 and float64 serve this one too.
    """

    name: str
    flags: tuple[str, ...]
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
_FROM_AVX2_ON = (
    Variant("avx512", _AVX512),
    Variant("avx2", _AVX2),
    Variant("avx512_half", (*_AVX512, "-mavx512fp16", "-mavx512bf16"), below="avx512"),
)
_NATIVE = (Variant("native", ("-march=native",)),)


def wanted(processor_flags: str, machine: str = platform.machine()) -> tuple[Variant, ...]:
    """The variants for this kind of processor, the slowest to compile first.

    processor_flags: the line of /proc/cpuinfo. On x86-64 with AVX2 the same three whatever else it has; elsewhere one
    for this very machine.
    """
    return _FROM_AVX2_ON if machine == "x86_64" and "avx2" in processor_flags.split() else _NATIVE


def one_for_all(processor_flags: str, machine: str = platform.machine()) -> bool:
    """Whether the library runs on other processors of this kind than the one it was compiled on."""
    return wanted(processor_flags, machine) is not _NATIVE


def compilable(variants: Iterable[Variant]) -> tuple[Variant, ...]:
    """Those whose instructions the compiler knows."""
    return tuple(variant for variant in variants if knows(variant.flags))


def units(variant: Variant, sources: Iterable[Path], folder: Path) -> list[Unit]:
    """What is compiled for one variant, with objects in `folder`."""
    flags = (*FLAGS, *variant.flags, *variant.defines)
    return [Unit(source, flags, folder / f"{source.stem}.{variant.name}.o") for source in sources]
