"""What a C++ file that includes PyTorch is compiled and linked with.

As torch.utils.cpp_extension does it for a library that Python does not import, without its ninja: units with PyTorch
and those without are then compiled in one go, and none waits for the last of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from impls.cxx import Unit
from impls.torch_headers import precompiled

FLAGS = ("-std=c++20", "-O2", "-fopenmp", "-Wno-unknown-pragmas", "-fPIC")
"""For any processor of this kind: what needs more than its least instructions is compiled in variants."""


def unit(name: str, files: Iterable[Path], flags: Sequence[str], folder: Path) -> Unit:
    """All these .cpp files as one unit NAME.cpp in `folder`: most of what one takes to compile are PyTorch's headers,
    which are compiled once for all libraries.

    MEASURED
    """
    import torch

    source, headers = folder / f"{name}.cpp", precompiled(compile_flags())
    included = [str(headers.header), *(str(file.absolute()) for file in files)]
    source.write_text("".join(f'#include "{file}"\n' for file in included), encoding="utf-8")
    return Unit(
        source, (*compile_flags(), *flags), source.with_suffix(".o"), salt=torch.__version__, before=headers.build
    )


def compile_flags() -> tuple[str, ...]:
    """With PyTorch's headers, and the standard library as the installed PyTorch was built with."""
    import torch

    include = _folder() / "include"
    headers = (include, include / "torch" / "csrc" / "api" / "include")
    abi = int(torch.compiled_with_cxx11_abi())
    return (*FLAGS, f"-D_GLIBCXX_USE_CXX11_ABI={abi}", *(part for path in headers for part in ("-isystem", str(path))))


def link_flags() -> tuple[str, ...]:
    """Of a shared library that is loaded into a process which has PyTorch."""
    return ("-shared", "-fopenmp", f"-L{_folder() / 'lib'}", "-lc10", "-ltorch_cpu", "-ltorch")


def _folder() -> Path:
    import torch

    return Path(torch.__file__).parent
