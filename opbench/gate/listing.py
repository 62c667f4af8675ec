"""Which benchmarks the two sides have in common, and what became of the others: none of them drops out unseen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from opbench.gate.verdict import Judgement, Verdict

CLOSE = 0.8
"""Likeness of two names, of 1, from which the one is taken for the other's new name."""


@dataclass(frozen=True)
class Found:
    """A benchmark as one side lists it.

    id: pytest's, with file and parameters. params: their values as text, None without any. digest: of what the test
    does, None where it is not known.
    """

    id: str
    params: Mapping[str, str] | None = None
    digest: str | None = None
    group: str | None = None

    @property
    def file(self) -> str:
        return self.id.partition("::")[0]

    @property
    def name(self) -> str:
        """Without file, parameters and the prefix all tests share: likeness is then of what tells tests apart."""
        return self.id.partition("::")[2].partition("[")[0].replace("test_", "")


def matched(base: Sequence[Found], head: Sequence[Found]) -> tuple[list[str], list[Judgement]]:
    """Ids to compare, in head's order, and a judgement for every other benchmark of either side."""
    before, now = {one.id: one for one in base}, {one.id: one for one in head}
    gone = [one for one in base if one.id not in now]
    new = [one for one in head if one.id not in before]
    renamed = _renamed(gone, new)
    common, judgements = [], []
    for one in head:
        if one.id in renamed:
            judgements.append(_judged_renamed(renamed[one.id].id, one.id))
        elif one.id not in before:
            judgements.append(_judged(one, Verdict.NEW, "only in head: nothing to compare it with"))
        elif changes := _changes(before[one.id], one):
            judgements.append(_judged(one, Verdict.CHANGED, f"{changes}: not the same benchmark"))
        else:
            common.append(one.id)
    left = {one.id for one in renamed.values()}
    deleted = [one for one in gone if one.id not in left]
    return common, judgements + [
        _judged(one, Verdict.DELETED, "only in base: head does not have it") for one in deleted
    ]


def _judged(one: Found, verdict: Verdict, reason: str) -> Judgement:
    return Judgement(one.id, verdict, f"{reason}; --allow {verdict.value} lets this pass")


def _judged_renamed(old: str, new: str) -> Judgement:
    reason = f"was {old!r} in base, is {new!r} in head; --allow {Verdict.RENAMED.value} lets this pass"
    return Judgement(new, Verdict.RENAMED, reason)


def _changes(old: Found, new: Found) -> str:
    """What differs between two benchmarks of one name, "" for nothing."""
    before, now = old.params or {}, new.params or {}
    said = [
        f"parameter {name!r} was {before.get(name, 'not there')}, is {now.get(name, 'not there')}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]
    if not said and old.digest != new.digest:
        said.append("the source of the test changed")
    return ", ".join(said)


def _renamed(gone: Sequence[Found], new: Sequence[Found]) -> dict[str, Found]:
    """By head's id, what it was in base. Where two could be meant, neither is."""
    same = _unique_pairs(gone, new, _same_test)
    left = {one.id for one in same.values()}
    alike = _unique_pairs(
        [one for one in gone if one.id not in left], [one for one in new if one.id not in same], _alike
    )
    return same | alike


def _unique_pairs(gone: Sequence[Found], new: Sequence[Found], fit: Callable[[Found, Found], bool]) -> dict[str, Found]:
    fits = [(old, now) for now in new for old in gone if fit(old, now)]
    olds, nows = [old.id for old, _ in fits], [now.id for _, now in fits]
    return {now.id: old for old, now in fits if olds.count(old.id) == 1 and nows.count(now.id) == 1}


def _same_test(old: Found, new: Found) -> bool:
    return old.digest is not None and old.digest == new.digest and old.params == new.params


def _alike(old: Found, new: Found) -> bool:
    if old.file != new.file or old.params != new.params:
        return False
    return SequenceMatcher(None, old.name, new.name).ratio() >= CLOSE
