"""Kinds of faults that can be planted into PTX: where each applies, and what becomes of that place."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

ADDRESS = r"\[\s*(?P<base>%\w+)\s*(?:\+\s*(?P<offset>-?\d+)\s*)?\]"
GUARD = r"(?:@!?%p\d+\s+)?"
SHORTER = "shared array a sixteenth shorter"
"""Not in the text: compilers leave the size of shared memory to the launch."""


def _moved(by: int) -> Callable[[re.Match[str]], str]:
    return lambda m: re.sub(ADDRESS, lambda a: f"[{a['base']}+{int(a['offset'] or 0) + by}]", m[0], count=1)


def _to(pattern: str, by: str) -> Callable[[re.Match[str]], str]:
    return lambda m: re.sub(pattern, by, m[0], count=1)


def _split(m: re.Match[str]) -> str:
    """A vector store as stores of its parts."""
    address = re.search(ADDRESS, m[0])
    assert address is not None
    width, first = int(m["bits"]) // 8, int(address["offset"] or 0)
    parts = [each.strip() for each in m["parts"].split(",")]
    kind = f"{m['kind']}{m['bits']}"
    return " ".join(
        f"{m['guard']}st.global.{kind} [{address['base']}+{first + width * place}], {part};"
        for place, part in enumerate(parts)
    )


def _later(m: re.Match[str]) -> str:
    """The barrier behind the load that it was before."""
    return m["between"] + m["load"] + " " + m["barrier"]


def _one_word(m: re.Match[str]) -> str:
    return re.sub(ADDRESS, "[0]", m[0], count=1)


def _next(m: re.Match[str]) -> str:
    """Its number, one larger."""
    start, end = m.start("n") - m.start(), m.end("n") - m.start()
    return f"{m[0][:start]}{int(m['n']) + 1}{m[0][end:]}"


@dataclass(frozen=True)
class Kind:
    """pattern: of a whole statement or a part of one. by: what becomes of it."""

    pattern: str
    by: Callable[[re.Match[str]], str]


KINDS = {
    "barrier dropped": Kind(r"\bbar(?:rier)?\.sync\s+(?:0;|%r\d+;)", lambda m: ""),
    "load above its barrier": Kind(
        r"(?P<barrier>\bbar(?:rier)?\.sync\s+0;)(?P<between>(?:(?!\bbra\b|\bbar\.|\$L(?!__tmp)|\bld\.shared|@)[\s\S]){0,4000}?)"
        r"(?P<load>ld\.shared[^;]*;)",
        _later,
    ),
    "load shifted": Kind(rf"{GUARD}ld\.global[^;]*?{ADDRESS}", _moved(8)),
    "store shifted": Kind(rf"{GUARD}st\.global[^;]*?{ADDRESS}", _moved(16)),
    "shared load shifted": Kind(rf"{GUARD}ld\.shared[^;]*?{ADDRESS}", _moved(8)),
    "shared store shifted": Kind(rf"{GUARD}st\.shared[^;]*?{ADDRESS}", _moved(16)),
    "store misaligned": Kind(rf"{GUARD}st\.global[^;]*?{ADDRESS}", _moved(1)),
    "vector misaligned": Kind(rf"{GUARD}(?:ld|st)\.global[^;]*\.v[24]\.[^;]*?{ADDRESS}", _moved(4)),
    "vector store split": Kind(
        rf"(?P<guard>{GUARD})st\.global(?:\.(?:c[sg]|wt|L1::\w+))*\.v[24]\.(?P<kind>[bfsu])(?P<bits>\d+)\s*{ADDRESS},\s*"
        r"\{(?P<parts>[^}]*)\};",
        _split,
    ),
    "store dropped": Kind(rf"{GUARD}st\.global[^;]*;", lambda m: ""),
    "load dropped": Kind(rf"{GUARD}ld\.global[^;]*;", lambda m: ""),
    "shared store dropped": Kind(rf"{GUARD}st\.shared[^;]*;", lambda m: ""),
    "warps write one word": Kind(rf"{GUARD}st\.shared[^;]*;", _one_word),
    "guard negated": Kind(r"@%p\d+\s+(?=(?:ld|st)\.)", _to("@", "@!")),
    "guard dropped": Kind(r"@!?%p\d+\s+(?=(?:ld|st)\.)", lambda m: ""),
    "branch negated": Kind(r"@%p\d+\s+(?=bra|ret)", _to("@", "@!")),
    "branch never taken": Kind(r"@!?%p\d+\s+bra[^;]*;", lambda m: ""),
    "below becomes at most": Kind(r"setp\.lt\.[^;]*;", _to(r"setp\.lt", "setp.le")),
    "above becomes at least": Kind(r"setp\.gt\.[^;]*;", _to(r"setp\.gt", "setp.ge")),
    "at least becomes above": Kind(r"setp\.ge\.[^;]*;", _to(r"setp\.ge", "setp.gt")),
    "equal becomes unequal": Kind(
        r"setp\.(eq|ne)\.[^;]*;", lambda m: m[0].replace(m[1], "ne" if m[1] == "eq" else "eq", 1)
    ),
    "product becomes sum": Kind(r"mul(?:\.rn)?\.f(?:32|64) ", _to(r"mul", "add")),
    "rounded to zero": Kind(r"(?:mul|add|sub|fma)(?:\.rn)?\.f(?:32|64) [^;]*;", _to(r"^(\w+)(?:\.rn)?", r"\1.rz")),
    "converted towards zero": Kind(r"cvt\.rn\.b?f16\.f32[^;]*;", _to(r"\.rn", ".rz")),
    "shuffle mask narrowed": Kind(r"shfl\.sync[^;]*, (?:-1|0xffffffff|4294967295);", _to(r", [^,]*;$", ", 65535;")),
    "shuffle distance doubled": Kind(
        r"shfl\.sync\.\w+\.b32[^;]*?, (\d+), (?=\d+, -1;)",
        lambda m: m[0].replace(f", {m[1]}, ", f", {2 * int(m[1])}, "),
    ),
    "sum becomes difference": Kind(r"add\.[su](?:32|64) [^;]*;", _to("add", "sub")),
    "factor off by one": Kind(r"(?:mul|mad)\.(?:wide|lo)\.[us](?:32|64) [^;]*, (?P<n>\d+)\b[^;]*;", _next),
    "shift off by one": Kind(r"shl\.b(?:32|64) [^;]*, (?P<n>\d+);", _next),
    "choice swapped": Kind(
        r"selp\.\w+ ([^,;]*), ([^,;]*), ([^,;]*), ([^,;]*);", _to(r", ([^,;]*), ([^,;]*), ", r", \2, \1, ")
    ),
    "block number lost": Kind(r"mov\.u32 \s*%r\d+, %ctaid\.x;", lambda m: ""),
    "thread number lost": Kind(r"mov\.u32 \s*%r\d+, %tid\.x;", lambda m: ""),
    "thread number of the warp alone": Kind(
        r"mov\.u32 \s*(%r\d+), %tid\.x;", lambda m: f"{m[0]} and.b32 {m[1]}, {m[1]}, 31;"
    ),
    "product cut to 32 bits": Kind(
        r"mul\.lo\.[su]64\s+(?P<result>%rd\d+),[^;]*;", lambda m: f"{m[0]} cvt.s64.s32 {m['result']}, {m['result']};"
    ),
    SHORTER: Kind(r"\.extern \.shared", lambda m: m[0]),
}
NARROWED = "product cut to 32 bits"
"""Of which nothing shows where all offsets are small."""
ORDERING = {"barrier dropped", "load above its barrier", "shuffle mask narrowed"}
"""Kinds that change how threads wait for each other."""
