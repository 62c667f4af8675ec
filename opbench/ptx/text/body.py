"""What stands between the braces of a kernel: scopes, registers, labels, lines of the source, instructions."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection

from opbench.errors import UsageError
from opbench.ptx.module import Address, Instruction, Kernel, Location, Operand, Register, Symbol
from opbench.ptx.number_types import NUMPY
from opbench.ptx.text.declarations import SPACES, integer, variable
from opbench.ptx.text.operands import operand
from opbench.ptx.text.tokens import Reader

ASSEMBLY = re.compile(r"// begin inline asm.*?// end inline asm", re.DOTALL)
OPCODE = re.compile(r"[a-z][\w.:]*")


class Body:
    """Fills `kernel` from its body.

    Braces within open a scope: registers and labels of it hide those outside. Registers are told apart by their place
    among the kernel's; labels of inner scopes get a number behind their name.
    """

    def __init__(self, reader: Reader, kernel: Kernel, names: list[str]) -> None:
        self._reader, self._kernel = reader, kernel
        self._visible: dict[str, Register] = {}
        self._depth = 0
        self._names = {*names, *(each.name for each in kernel.parameters)}
        self._location: Location | None = None
        self._assembly = [each.span() for each in ASSEMBLY.finditer(reader.text)]

    def read(self) -> None:
        """From `{` to its `}`. Raises UsageError, with the line, for unknown syntax, registers and names."""
        self._reader.expect("{")
        outside = self._visible
        self._visible = {**outside}
        self._depth += 1
        while not self._reader.skip("}"):
            if self._reader.peek() == "{":
                self.read()
            else:
                self._statement()
        self._depth -= 1
        self._visible = outside
        if not self._depth:
            self._check_names()

    def _statement(self) -> None:
        reader = self._reader
        word = reader.peek()
        if reader.peek(1) == ":":
            self._label(reader.take())
            reader.take()
        elif word == ".reg":
            self._registers()
        elif word == ".loc":
            self._loc()
        elif word == ".pragma":
            while reader.take() != ";":
                pass
        elif word in SPACES:
            declared = variable(reader)
            self._kernel.variables += declared
            self._names |= {each.name for each in declared}
        elif word.startswith("."):
            raise reader.refused("no such directive is known in a kernel")
        else:
            self._instruction()

    def _label(self, name: str) -> None:
        if name in self._kernel.labels:
            raise self._reader.refused(f"label {name} is defined twice, before this")
        self._kernel.labels[name] = len(self._kernel.instructions)

    def _registers(self) -> None:
        reader = self._reader
        reader.take()
        kind = reader.take()[1:]
        if kind not in NUMPY:
            raise reader.refused(f"registers of type .{kind} are not known; known are {', '.join(NUMPY)}; before this")
        while True:
            name = reader.take()
            if reader.skip("<"):
                for place in range(integer(reader)):
                    self._register(f"{name}{place}", kind)
                reader.expect(">")
            else:
                self._register(name, kind)
            if not reader.skip(","):
                break
        reader.expect(";")

    def _register(self, name: str, kind: str) -> None:
        register = Register(len(self._kernel.registers), name, kind)
        self._kernel.registers.append(register)
        self._visible[name] = register

    def _loc(self) -> None:
        """LLVM counts the source's line on for every line of inline assembly; what is said before it is true."""
        start = self._reader.start
        self._reader.take()
        file, line, column = (integer(self._reader) for _ in range(3))
        at = bisect_right(self._assembly, (start,)) - 1
        within = at >= 0 and start < self._assembly[at][1]
        if (
            line and not within
        ):  # line 0 is a compiler's word for code that stems from none; what was said before is nearer
            self._location = Location(file, line, column)
        self._reader.rest_of_line()

    def _instruction(self) -> None:
        reader, lookup = self._reader, self._visible.get
        line, start = reader.line, reader.start
        guard, negated = self._guard() if reader.peek() == "@" else (None, False)
        word = reader.take()
        if not OPCODE.fullmatch(word):
            raise UsageError(f"PTX line {reader.line_before}: {word!r} begins no instruction")
        operands: list[Operand] = []
        if reader.peek() != ";":
            operands.append(operand(reader, lookup))
            while reader.skip(","):
                operands.append(operand(reader, lookup))
        text = " ".join(reader.text[start : reader.start].split())
        reader.expect(";")
        base, *modifiers = word.split(".")
        code = self._kernel.instructions
        code.append(
            Instruction(len(code), base, tuple(modifiers), tuple(operands), line, text, guard, negated, self._location)
        )

    def _guard(self) -> tuple[Register, bool]:
        """`@%p` or `@!%p`."""
        reader = self._reader
        reader.expect("@")
        negated = reader.skip("!")
        word = reader.take()
        guard = self._visible.get(word)
        if guard is None or guard.type != "pred":
            raise UsageError(f"PTX line {reader.line_before}: @{word} is no predicate that is declared here")
        return guard, negated

    def _check_names(self) -> None:
        labels: Collection[str] = self._kernel.labels.keys()
        names: Collection[str] = self._names | {"_", "WARP_SZ"}
        for instruction in self._kernel.instructions:
            if instruction.opcode == "call":
                continue  # of functions, and refused when it is translated
            branches = instruction.opcode == "bra"
            known = labels if branches else names
            for each in instruction.operands:
                named = each.base if isinstance(each, Address) else each
                if isinstance(named, Symbol) and named.name not in known:
                    kind = "label" if branches else "variable or parameter"
                    raise UsageError(f"PTX line {instruction.line}: no {kind} {named.name!r} is declared here")
