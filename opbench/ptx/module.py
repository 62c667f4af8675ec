"""What PTX text says, as data: a module of kernels, their registers, variables and instructions."""

from __future__ import annotations

from dataclasses import dataclass, field

from opbench.errors import unknown


@dataclass(frozen=True, slots=True)
class Register:
    """A virtual register: its place among the kernel's, its name as written, its type (`pred`, `b16`, `f32`, ...)."""

    place: int
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Immediate:
    """A constant: an int, or a float of the width it was written in."""

    value: int | float


@dataclass(frozen=True, slots=True)
class Special:
    """A register that the machine fills: `%tid.x`, `%laneid`, ..."""

    name: str


@dataclass(frozen=True, slots=True)
class Symbol:
    """The name of a variable, a parameter or a label."""

    name: str


@dataclass(frozen=True, slots=True)
class Address:
    """`[base+offset]`, in bytes."""

    base: Register | Symbol | Immediate
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Negated:
    """`!%p`."""

    register: Register


@dataclass(frozen=True, slots=True)
class Vector:
    """`{a, b}`, or the two destinations of `d|p`."""

    parts: tuple[Operand, ...]


Operand = Register | Immediate | Special | Symbol | Address | Negated | Vector


@dataclass(frozen=True, slots=True)
class Location:
    """A line of the source that was compiled, from `.loc`."""

    file: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction. `place` among the kernel's; `opcode` is the part before the first dot, `modifiers` behind it."""

    place: int
    opcode: str
    modifiers: tuple[str, ...]
    operands: tuple[Operand, ...]
    line: int
    text: str
    guard: Register | None = None
    negated: bool = False
    location: Location | None = None

    @property
    def type(self) -> str:
        """The last modifier: the type that the instruction works in. "" where it has none."""
        return self.modifiers[-1] if self.modifiers else ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A kernel's parameter: its offset and size in bytes among the parameters."""

    name: str
    type: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Variable:
    """A declared variable of a state space; size 0 for `.extern .shared` ones, whose size the launch gives."""

    name: str
    space: str
    align: int
    size: int
    initial: bytes = b""


@dataclass(slots=True)
class Kernel:
    """One `.entry`. program: what `translate.program` made of it, kept for the next launch."""

    name: str
    parameters: tuple[Parameter, ...] = ()
    registers: list[Register] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    instructions: list[Instruction] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    required_threads: tuple[int, ...] = ()
    most_threads: tuple[int, ...] = ()
    program: object = field(default=None, init=False, repr=False, compare=False)


@dataclass(slots=True)
class Module:
    """A whole PTX text: `version` such as "9.4", `target` such as "sm_90a", and what it declares. `text`: as it was."""

    version: str = ""
    target: str = ""
    kernels: dict[str, Kernel] = field(default_factory=dict)
    variables: list[Variable] = field(default_factory=list)
    files: dict[int, str] = field(default_factory=dict)
    text: str = ""

    def kernel(self, name: str | None = None) -> Kernel:
        """The kernel of that name; without one the only kernel. Raises UsageError where there is none, or several."""
        if name is None and len(self.kernels) == 1:
            return next(iter(self.kernels.values()))
        if name in self.kernels:
            return self.kernels[name]
        raise unknown("kernel", name or "(none was named)", self.kernels, "in this PTX")
