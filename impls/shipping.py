"""Builds all libraries for a wheel: `python -m impls.shipping FOLDER`, which `nox -s wheels` makes impls/shipped of.

Most libraries of operators stand on PyTorch's stable interface (`torch_interface/csrc/shim.h`) and serve release 2.9
and later. Two are built from its headers and bind to the release; the wheel says which, and with another one they are
built on first use. Two without PyTorch, which are compiled for the very processor where
there is a compiler, are made for any with AVX2 (x86-64-v3); that of layers for inference has a variant for each.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from impls import native, plain_build, shipped
from impls.exported import library as exported
from impls.inference import library as inference
from impls.machine import library as machine
from impls.sealed import seal
from opbench.errors import UsageError

WITH_PYTORCH = (
    "impls.attention.poly_sa.functional",
    "impls.boxes.functional",
    "impls.cross_hadamard.cpp_kernels",
    "impls.gated_product.functional",
    "impls.hadamard_transform.cpp_kernels",
    "impls.polynomial.pi_net.functional",
)
"""Modules with NAME, SOURCES and IN_VARIANTS, HALF where kernels do not differ in half precision,
and HEADERS where they include PyTorch's."""

PLAIN = ((machine.NAME, machine.SOURCES, machine.FLAGS, ()), (exported.NAME, exported.SOURCES, (), exported.SEEN))
"""Names, sources, flags, and what the sources include besides."""

ANY_WITH_AVX2 = "-march=x86-64-v3"


def ship(folder: Path) -> None:
    """Every library into `folder`, which is made. Raises MachineError where one does not build."""
    folder.mkdir(parents=True)
    for name in WITH_PYTORCH:
        module = import_module(name)
        half, headers = getattr(module, "HALF", True), getattr(module, "HEADERS", False)
        built = native.build(module.NAME, module.SOURCES, module.IN_VARIANTS, half=half, wheel=True, headers=headers)
        _put(built, folder / shipped.file_name(module.NAME, (*module.SOURCES, *module.IN_VARIANTS)))
    layers = shipped.file_name(inference.NAME, inference.FILES)
    with _fresh(inference.NAME) as fresh:
        inference.compile_for_wheel(fresh)
        _put(fresh, folder / layers)
    beside = exported.linked_with(f"-L{folder.resolve()}", f"-l:{layers}", "-Wl,-rpath,$ORIGIN")
    for name, sources, flags, seen in PLAIN:
        with _fresh(name) as fresh:
            linked = beside if name == exported.NAME else ()
            plain_build.compile_for(ANY_WITH_AVX2, name, sources, (*flags, *linked), fresh)
            _put(fresh, folder / shipped.file_name(name, (*sources, *seen)))
    (folder / shipped.ABOUT).write_text(json.dumps({"torch": shipped.torch_release()}), encoding="utf-8")


@contextmanager
def _fresh(name: str) -> Iterator[Path]:
    """The path of a library in a folder of its own, which is gone afterwards."""
    with TemporaryDirectory(prefix="opbench-shipping-") as place:
        yield Path(place, f"{name}.so")


def _put(library: Path, target: Path) -> None:
    shutil.copyfile(library, target)
    seal(target)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise UsageError(f"{len(sys.argv) - 1} arguments; expected the folder to make: python -m impls.shipping FOLDER")
    ship(Path(sys.argv[1]))
