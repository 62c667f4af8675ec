"""From text to a module, and what is said where the text is none."""

from __future__ import annotations

import pytest

from opbench import ptx
from opbench.errors import UsageError
from opbench.ptx.module import Address, Immediate, Location, Negated, Register, Special, Symbol, Vector

from .kernels import HEAD, kernel


def instructions(body: str) -> list[ptx.Instruction]:
    """Those of the body, without the load of the parameter before and the `ret` behind."""
    return ptx.parse(kernel(body)).kernel().instructions[1:-1]


def test_an_instruction_has_guard_opcode_modifiers_and_operands() -> None:
    (found,) = instructions("@!%p1 st.global.cs.v2.b32 [ %d1 + -8 ], { %r1, %r2 };")
    assert (found.opcode, found.modifiers) == ("st", ("global", "cs", "v2", "b32"))
    assert found.guard is not None
    assert (found.guard.name, found.negated) == ("%p1", True)
    address, vector = found.operands
    assert isinstance(address, Address)
    assert isinstance(address.base, Register)
    assert (address.base.name, address.base.type, address.offset) == ("%d1", "b64", -8)
    assert isinstance(vector, Vector)
    assert [each.name for each in vector.parts if isinstance(each, Register)] == ["%r1", "%r2"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12", 12), ("-7", -7), ("0x3340U", 0x3340), ("0b101", 5), ("017", 15), ("0", 0),
        ("0f3F800000", 1.0), ("0dBFE0000000000000", -0.5), ("1.25", 1.25),
    ],
)  # fmt: skip
def test_constants_are_read_in_all_their_forms(written: str, value: float) -> None:
    (found,) = instructions(f"mov.b32 %r1, {written};")
    assert found.operands[1] == Immediate(value)
    assert type(found.operands[1].value) is type(value)


def test_operands_may_be_special_negated_labels_or_pairs() -> None:
    first, second, third = instructions("mov.u32 %r1, %ctaid.y; selp.b32 %r1, 1, 2, !%p3; THERE: bra.uni THERE;")
    assert first.operands[1] == Special("%ctaid.y")
    assert isinstance(second.operands[3], Negated)
    assert third.operands == (Symbol("THERE"),)
    (pair,) = instructions("setp.eq.s32 %p1|%p2, %r1, %r2;")
    assert isinstance(pair.operands[0], Vector)


def test_a_scope_hides_the_registers_outside_of_it() -> None:
    body = "mov.u32 %r1, 1; { .reg .b32 %r1; mov.u32 %r1, 2; } mov.u32 %r1, 3;"
    outer, inner, last = (each.operands[0] for each in instructions(body))
    assert outer == last
    assert outer != inner


def test_instructions_know_the_line_of_their_source() -> None:
    body = "\n.loc 1 21 4\nmov.u32 %r1, 1;\n.loc 2 26 36, function_name $L__info, inlined_at 1 66 16\nmov.u32 %r1, 2;"
    text = kernel(body) + '.file 1 "a.py"\n.file 2 "b.py"\n.section .debug_abbrev { .b8 1 }\n'
    module = ptx.parse(text)
    assert module.files == {1: "a.py", 2: "b.py"}
    places = [each.location for each in module.kernel().instructions]
    assert places == [None, Location(1, 21, 4), Location(2, 26, 36), Location(2, 26, 36)]


def test_parameters_are_laid_out_by_their_alignment() -> None:
    types = [".u32 a", ".u64 .ptr .global .align 16 b", ".f64 c", ".align 4 .b8 d[6]", ".u16 e"]
    parameters = (
        ptx.parse(f"{HEAD}.entry k({', '.join('.param ' + each for each in types)}) {{ ret; }}").kernel().parameters
    )
    assert [(each.offset, each.size) for each in parameters] == [(0, 4), (8, 8), (16, 8), (24, 6), (30, 2)]


def test_comments_say_nothing() -> None:
    assert len(instructions("/* mov.u32 %r1,\n 1; */ mov.u32 %r1, 2; // mov.u32 %r1, 3;")) == 1


def test_two_kernels_are_told_apart_by_name() -> None:
    module = ptx.parse(HEAD + ".entry one() { ret; } .entry two() .maxntid 64, 2, 1 { ret; }")
    assert module.kernel("two").most_threads == (64, 2, 1)
    with pytest.raises(UsageError, match=r"no kernel 'tow' in this PTX \(did you mean 'two'\?\); there are: one, two"):
        module.kernel("tow")
    with pytest.raises(UsageError, match="there are: one, two"):
        module.kernel()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no .version; expected the whole text"),
        (".version 5.0\n.target sm_90\n", r"PTX line 1: .version 5.0; ISA versions known are 6.0 to 9.9"),
        (".version 8.0\n.target gfx90a\n", "PTX line 2: .target gfx90a; known are sm_NN"),
        (HEAD.replace("64", "32"), "PTX line 3: .address_size 32; addresses of 64 bits are known"),
        (HEAD + "~", "PTX line 4: '~' is no part of PTX"),
        (HEAD + ".entry k() { mov.u32", "PTX line 4: the text ends in the middle of a statement"),
        (HEAD + ".alias a, b;", "PTX line 4: expected a directive of a module, got '.alias'"),
        (kernel(".reg .b128 %q<2>;"), "registers of type .b128 are not known"),
        (kernel("mov.u32 %r99, 1;"), "no register '%r99' is declared here"),
        (kernel("mov.u32 %r1, %clock;"), "no register '%clock' is declared here; special registers known are"),
        (kernel("@%r1 ret;"), "@%r1 is no predicate"),
        (kernel("bra NOWHERE;"), "no label 'NOWHERE' is declared here"),
        (kernel("ld.global.u32 %r1, [gone];"), "no variable or parameter 'gone' is declared here"),
        (kernel("X: X: ret;"), "label X is defined twice"),
        (kernel(".branchtargets X;"), "no such directive is known in a kernel, got '.branchtargets'"),
        (HEAD + ".entry k() { .reg .b32 %r<2>; mov.u32 %r1, 1; }", None),
        (HEAD + ".global .align x .b8 y[3];", "PTX line 4: expected an integer"),
        (HEAD + ".global .volatile .b8 y[3];", "no attribute .volatile of a variable is known"),
        (HEAD + ".global .align 4 y[3];", "PTX line 4: expected a type"),
        (HEAD + ".entry k(.param .big .u64 a) { ret; }", "no attribute .big of a parameter is known"),
        (HEAD + ".entry k(.param .align 8 a) { ret; }", "parameter a has no type"),
        (kernel("ld.global.u32 %r1, [{%r1}];"), "an address begins with a register, a name or a number"),
        (kernel("mov.b64 {1, 2}, %d1;"), "expected registers as result"),
        (kernel("mov.u32 %r1, -;"), "expected a number, got"),
        (kernel("mov.u32 %r1, <;"), "is no operand"),
        (kernel("+ %r1;"), "'+' begins no instruction"),
    ],
)
def test_what_is_no_ptx_stops_with_its_line(text: str, said: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        ptx.run(text, None, 1, 1, [0] if "(.param" in text else [])
    assert (said or "does not end in ret, exit or a branch") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_a_debugger_or_another_function_reads_is_passed_over() -> None:
    more = (
        '.section .debug_str { .b8 "{"; }\n.func (.param .b32 r) other(.param .b32 a);\n'
        ".func helper() { { ret; } }\n.global .u32 x = 7, y[2] = {1, 2}, z[] = {{3, 4}, {5, 6}};"
    )
    module = ptx.parse(kernel('.pragma "nounroll"; ld.global.u32 %r1, [x]; st.global.u32 [%d15], %r1;', outside=more))
    assert list(module.kernels) == ["k"]
    assert {each.name: each.size for each in module.variables} == {"x": 4, "y": 8, "z": 16}
