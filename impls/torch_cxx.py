"""What a C++ file that registers operators with PyTorch is compiled and linked with.

Ours include none of PyTorch's headers (`torch_interface/csrc/shim.h`), so that one library serves releases of it. Only
what is built from its headers, the CUDA kernels' host build, is of the very release.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from impls.cxx import Unit

FLAGS = ("-std=c++20", "-O2", "-fopenmp", "-Wno-unknown-pragmas", "-fPIC")
"""For any processor of this kind: what needs more than its least instructions is compiled in variants."""

INTERFACE = tuple(sorted((Path(__file__).parent / "torch_interface" / "csrc").glob("*.h")))
"""What every one of our operators includes of PyTorch's stable interface."""


def unit(name: str, files: Iterable[Path], flags: Sequence[str], folder: Path, *, headers: bool) -> Unit:
    """All these .cpp files as one unit NAME.cpp in `folder`. headers: whether they include PyTorch's.

    Seconds of a processor, the five files of opbench_cpp: 10.1 with the headers, half of it to read them, and 2.8
    without (GCC 12, Intel Xeon, beside other work).
    """
    source = folder / f"{name}.cpp"
    source.write_text("".join(f'#include "{file.absolute()}"\n' for file in files), encoding="utf-8")
    return Unit(
        source,
        (*FLAGS, *(_header_flags() if headers else ()), *flags),
        source.with_suffix(".o"),
        salt=release() if headers else "",
    )


def release() -> str:
    """The installed PyTorch's."""
    import torch

    return str(torch.__version__)


def _header_flags() -> tuple[str, ...]:
    """With PyTorch's headers, and the standard library as the installed PyTorch was built with."""
    import torch

    include = _folder() / "include"
    folders = (include, include / "torch" / "csrc" / "api" / "include")
    abi = int(torch.compiled_with_cxx11_abi())
    return (f"-D_GLIBCXX_USE_CXX11_ABI={abi}", *(part for path in folders for part in ("-isystem", str(path))))


def link_flags() -> tuple[str, ...]:
    """Of a shared library that is loaded into a process which has PyTorch."""
    return ("-shared", "-fopenmp", f"-L{_folder() / 'lib'}", "-lc10", "-ltorch_cpu", "-ltorch")


def _folder() -> Path:
    import torch

    return Path(torch.__file__).parent
