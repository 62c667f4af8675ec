"""Single faults planted into PTX: kinds of them, the places of a text where each applies, and what the machine says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from opbench import ptx
from opbench.errors import UsageError

from .recorded_launches import Recorded

ENOUGH = 20_000_000
"""Thread instructions after which a changed kernel is in an endless loop; the whole ones take 2 million at most."""
ADDRESS = r"\[\s*(?P<base>%\w+)\s*(?:\+\s*(?P<offset>-?\d+)\s*)?\]"
GUARD = r"(?:@!?%p\d+\s+)?"
WARP = 32
ANOTHER, DEARER = "another result", "more requests"
NOWHERE = "ld.global.b32 %none, [64];"
BITS = {"%p": "pred", "%rs": "b16", "%h": "b16", "%rd": "b64", "%fd": "b64"}
"""Of the registers that compilers call so; of others 32."""
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


def _met(m: re.Match[str]) -> str:
    return m[0].split()[0]


def _unmet(m: re.Match[str]) -> str:
    guard = _met(m)
    return guard.replace("@!", "@") if guard.startswith("@!") else guard.replace("@", "@!")


@dataclass(frozen=True)
class Kind:
    """pattern: of a whole statement or a part of one. by: what becomes of it.

    same_result: whether only the value of its first operand changes, so that `equal` can tell that it does not.
    when: the guard under which anything changes at all, for the same.
    """

    pattern: str
    by: Callable[[re.Match[str]], str]
    same_result: bool = False
    when: Callable[[re.Match[str]], str] | None = None


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
    "guard dropped": Kind(r"@!?%p\d+\s+(?=(?:ld|st)\.)", lambda m: "", when=_unmet),
    "branch negated": Kind(r"@%p\d+\s+(?=bra|ret)", _to("@", "@!")),
    "branch never taken": Kind(r"@!?%p\d+\s+bra[^;]*;", lambda m: "", when=_met),
    "below becomes at most": Kind(r"setp\.lt\.[^;]*;", _to(r"setp\.lt", "setp.le"), True),
    "above becomes at least": Kind(r"setp\.gt\.[^;]*;", _to(r"setp\.gt", "setp.ge"), True),
    "at least becomes above": Kind(r"setp\.ge\.[^;]*;", _to(r"setp\.ge", "setp.gt"), True),
    "equal becomes unequal": Kind(
        r"setp\.(eq|ne)\.[^;]*;", lambda m: m[0].replace(m[1], "ne" if m[1] == "eq" else "eq", 1)
    ),
    "product becomes sum": Kind(r"mul(?:\.rn)?\.f(?:32|64) ", _to(r"mul", "add")),
    "rounded to zero": Kind(
        r"(?:mul|add|sub|fma)(?:\.rn)?\.f(?:32|64) [^;]*;", _to(r"^(\w+)(?:\.rn)?", r"\1.rz"), True
    ),
    "converted towards zero": Kind(r"cvt\.rn\.b?f16\.f32[^;]*;", _to(r"\.rn", ".rz"), True),
    "shuffle mask narrowed": Kind(r"shfl\.sync[^;]*, (?:-1|0xffffffff|4294967295);", _to(r", [^,]*;$", ", 65535;")),
    "shuffle distance doubled": Kind(
        r"shfl\.sync\.\w+\.b32[^;]*?, (\d+), (?=\d+, -1;)",
        lambda m: m[0].replace(f", {m[1]}, ", f", {2 * int(m[1])}, "),
    ),
    "sum becomes difference": Kind(r"add\.[su](?:32|64) [^;]*;", _to("add", "sub"), True),
    "factor off by one": Kind(r"(?:mul|mad)\.(?:wide|lo)\.[us](?:32|64) [^;]*, (?P<n>\d+)\b[^;]*;", _next, True),
    "shift off by one": Kind(r"shl\.b(?:32|64) [^;]*, (?P<n>\d+);", _next, True),
    "choice swapped": Kind(
        r"selp\.\w+ ([^,;]*), ([^,;]*), ([^,;]*), ([^,;]*);", _to(r", ([^,;]*), ([^,;]*), ", r", \2, \1, "), True
    ),
    "block number lost": Kind(r"mov\.u32 \s*%r\d+, %ctaid\.x;", lambda m: ""),
    "thread number lost": Kind(r"mov\.u32 \s*%r\d+, %tid\.x;", lambda m: ""),
    "thread number of the warp alone": Kind(
        r"mov\.u32 \s*(%r\d+), %tid\.x;", lambda m: f"{m[0]} and.b32 {m[1]}, {m[1]}, 31;"
    ),
    SHORTER: Kind(r"\.extern \.shared", lambda m: m[0]),
}


@dataclass(frozen=True)
class Mutation:
    """The match of that place among those of its kind becomes something else."""

    launch: Recorded
    kind: str
    place: int

    @property
    def text(self) -> str:
        """The changed text."""
        match = self.match
        return self._with(KINDS[self.kind].by(match))

    @property
    def shared(self) -> int:
        """Bytes of dynamic shared memory."""
        whole = self.launch.shared
        return whole - max(1, whole // 16) if self.kind == SHORTER else whole

    @property
    def match(self) -> re.Match[str]:
        """Raises IndexError where the kind does not apply so often."""
        return [*re.finditer(KINDS[self.kind].pattern, self.launch.text)][self.place]

    def _with(self, by: str) -> str:
        text, match = self.launch.text, self.match
        return text[: match.start()] + by + text[match.end() :]

    def equal(self) -> bool:
        """Whether no thread computes another value by it, nor goes another way: then nothing was planted.

        Both instructions are executed, and a thread whose results differ reads from nowhere.
        """
        kind, own = KINDS[self.kind], self.match[0]
        if kind.when is not None:
            probe = f"{{ .reg .b32 %none; {kind.when(self.match)} {NOWHERE} }} {own}"
        elif kind.same_result:
            register = re.search(r"%[a-z]+\d+", own)
            assert register is not None
            bits = BITS.get(re.sub(r"\d", "", register[0]), "b32")
            other = kind.by(self.match).replace(register[0], "%other", 1)
            compare = "xor.pred" if bits == "pred" else f"setp.ne.{bits}"
            probe = (
                f"{{ .reg .{bits} %other; .reg .pred %differ; .reg .b32 %none; {other} {own} "
                f"{compare} %differ, {register[0]}, %other; @%differ {NOWHERE} }}"
            )
        else:
            return False
        try:
            self.launch.launch(self._with(probe), limit=ENOUGH)
        except ptx.KernelError as error:
            if "out of bounds: reads 4 bytes at global address 0x40" not in str(error):
                raise
            return False
        return True


def found(mutation: Mutation, requests: int) -> str:
    """The words of the error, `ANOTHER`, `DEARER`, or "" where nothing was seen.

    requests: of the intact launch.
    """
    try:
        contents, result = mutation.launch.launch(mutation.text, limit=ENOUGH, shared=mutation.shared)
    except (ptx.KernelError, UsageError) as error:
        return re.sub(r"^\S+: ", "", str(error))
    if mutation.launch.wrong(contents):
        return ANOTHER
    return DEARER if result.counters.requests > requests else ""


def mutations(launch: Recorded) -> Iterator[Mutation]:
    """All of one launch whose place some thread executes; of loads and stores, for some thread whose guard holds."""
    _, result = launch.launch(launch.text)
    lines = {each.instruction.line for each in result.counters.executed.values() if each.threads}
    idle = lines - {each.instruction.line for each in result.counters.accesses.values() if each.bytes}
    for kind, each in KINDS.items():
        if kind == "thread number of the warp alone" and launch.block[0] <= WARP:
            continue
        for place, match in enumerate(re.finditer(each.pattern, launch.text)):
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            line = launch.text.count("\n", 0, start) + 1
            accesses = re.match(rf"\s*{GUARD}(?:ld|st)\.(?:global|shared)", match[0]) is not None
            if (line in lines and not (accesses and line in idle)) or (kind == SHORTER and launch.shared):
                yield Mutation(launch, kind, place)
