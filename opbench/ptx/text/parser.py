"""The whole text: directives of a module, and from each `.entry` a kernel."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from opbench.errors import UsageError
from opbench.ptx.module import Kernel, Module, Parameter
from opbench.ptx.number_types import NUMPY, width
from opbench.ptx.text.body import Body
from opbench.ptx.text.declarations import SPACES, integer, variable
from opbench.ptx.text.tokens import SECTION, Reader

VERSIONS = (6, 0), (9, 9)
"""ISA versions whose text this reads: 6.0 brought the `.sync` forms of shuffles and votes."""
LINKAGE = frozenset([".visible", ".extern", ".weak", ".common"])
LIMITS = frozenset([".maxntid", ".reqntid", ".minnctapersm", ".maxnreg", ".maxnctapersm"])


@lru_cache(maxsize=256)
def parse(text: str) -> Module:
    """A module from its PTX; the same one for the same text, so that launches in a row read it once.

    Raises UsageError, with the line, for what is no PTX, for a directive that is not known, and for an ISA version or
    a target that is not.
    """
    reader, module = Reader(text), Module(text=text)
    while reader.peek():
        _directive(reader, module)
    if not module.version:
        raise UsageError("this PTX has no .version; expected the whole text that a compiler gave")
    return module


def _directive(reader: Reader, module: Module) -> None:
    word = reader.peek()
    if word in LINKAGE:
        reader.take()
    elif word == ".entry":
        kernel = _entry(reader, [each.name for each in module.variables])
        module.kernels[kernel.name] = kernel
    elif word in SPACES:
        module.variables += variable(reader)
    elif word in DIRECTIVES:
        DIRECTIVES[word](reader, module)
    else:
        raise reader.refused("expected a directive of a module")


def _version(reader: Reader, module: Module) -> None:
    line = reader.line
    reader.take()
    version = reader.take()
    numbers = re.fullmatch(r"(\d+)\.(\d+)", version)
    if numbers is None or not VERSIONS[0] <= (int(numbers[1]), int(numbers[2])) <= VERSIONS[1]:
        known = " to ".join(f"{major}.{minor}" for major, minor in VERSIONS)
        raise UsageError(f"PTX line {line}: .version {version}; ISA versions known are {known}")
    module.version = version


def _target(reader: Reader, module: Module) -> None:
    line = reader.line
    reader.take()
    target = reader.take()
    reader.rest_of_line()
    if not re.fullmatch(r"sm_\d+[af]?", target):
        raise UsageError(f"PTX line {line}: .target {target}; known are sm_NN, such as sm_90")
    module.target = target


def _address_size(reader: Reader, _: Module) -> None:
    line = reader.line
    reader.take()
    size = integer(reader)
    if size != 64:
        raise UsageError(f"PTX line {line}: .address_size {size}; addresses of 64 bits are known, and no others")


def _section(reader: Reader, _: Module) -> None:
    """What a debugger reads, where it is not one token."""
    reader.take()
    reader.take()
    reader.skip_braces()


def _whole_section(reader: Reader, _: Module) -> None:
    reader.take()


def _file(reader: Reader, module: Module) -> None:
    reader.take()
    number = integer(reader)
    module.files[number] = reader.take().strip('"')
    reader.rest_of_line()


def _function(reader: Reader, _: Module) -> None:
    """A function that is declared or defined is passed over: to call it stops, since `call` is not known."""
    while reader.peek() not in {"{", ";"}:
        reader.take()
    if not reader.skip(";"):
        reader.skip_braces()


DIRECTIVES: dict[str, Callable[[Reader, Module], None]] = {
    ".version": _version,
    ".target": _target,
    ".address_size": _address_size,
    ".file": _file,
    ".section": _section,
    SECTION: _whole_section,
    ".func": _function,
}


def _entry(reader: Reader, shared_names: list[str]) -> Kernel:
    reader.take()
    kernel = Kernel(reader.take())
    if reader.skip("("):
        kernel.parameters = _parameters(reader)
    while reader.peek() in LIMITS:
        limit = reader.take()
        numbers = [integer(reader)]
        while reader.skip(","):
            numbers.append(integer(reader))
        if limit == ".reqntid":
            kernel.required_threads = tuple(numbers)
        elif limit == ".maxntid":
            kernel.most_threads = tuple(numbers)
    Body(reader, kernel, shared_names).read()
    return kernel


def _parameters(reader: Reader) -> tuple[Parameter, ...]:
    found: list[Parameter] = []
    end = 0
    while not reader.skip(")"):
        kind, name, align, count = _parameter(reader)
        size = width(kind) * count
        offset = -(-end // align) * align
        found.append(Parameter(name, kind, offset, size))
        end = offset + size
        reader.skip(",")
    return tuple(found)


def _parameter(reader: Reader) -> tuple[str, str, int, int]:
    """Type, name, alignment, elements. What is said of a pointer is for compilers and is left out."""
    reader.expect(".param")
    kind, align, pointer = "", 0, False
    while reader.peek().startswith("."):
        word = reader.take()[1:]
        if word == "align":
            align = 0 if pointer else integer(reader)
            if pointer:
                integer(reader)
        elif word in NUMPY:
            kind = word
        elif word == "ptr":
            pointer = True
        elif f".{word}" not in SPACES:
            raise reader.refused(f"no attribute .{word} of a parameter is known, before this")
    name = reader.take()
    count = 1
    if reader.skip("["):
        count = integer(reader)
        reader.expect("]")
    if not kind:
        raise reader.refused(f"parameter {name} has no type, before this")
    return kind, name, align or width(kind), count
