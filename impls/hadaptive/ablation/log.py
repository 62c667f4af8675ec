"""Finished trainings of an ablation, one JSON line each, so that an interrupted one goes on."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from impls.hadaptive.ablation.comparison import Trained
from opbench.errors import UsageError


class Log:
    """The file RUN/trainings.jsonl. Its first line says what all of them were trained with, `setting`.

    variants: the names that there are.
    Raises UsageError for one that is there although `resume` was not asked for, for another setting, and for a damaged
    line other than the last, which a killed process may have left half-written; that one is dropped.
    """

    def __init__(self, path: Path, setting: Mapping[str, Any], variants: Collection[str], *, resume: bool) -> None:
        self._path, self._setting, self._variants = path, setting, variants
        self.trained: list[Trained] = []
        if path.exists() and resume:
            self._read(setting)
        elif path.exists():
            raise UsageError(f"{path} is there already; --resume goes on with it, or name other --results")

    def add(self, trained: Trained, seconds: float) -> None:
        self.trained.append(trained)
        if not self._path.exists():  # not before: what is refused later leaves nothing behind
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(f"{json.dumps(self._setting)}\n", encoding="utf-8")
        with self._path.open("a", encoding="utf-8") as file:
            print(json.dumps({**dataclasses.asdict(trained), "seconds": seconds}), file=file)

    def has(self, variant: str, seed: int) -> bool:
        return any((trained.variant, trained.seed) == (variant, seed) for trained in self.trained)

    def _read(self, setting: Mapping[str, Any]) -> None:
        first, *lines = self._lines() or [""]
        there = self._parsed(1, first)
        if differing := [name for name in setting if there.get(name) != setting[name]]:
            reason = "; ".join(
                f"{name} {_short(there.get(name))} there, {_short(setting[name])} here" for name in differing
            )
            raise UsageError(f"{self._path} has other settings: {reason}; name other --results")
        for at, line in enumerate(lines):
            if at + 1 == len(lines) and not _whole(line):
                break
            if (trained := _trained(self._parsed(at + 2, line), self._variants)) is None:
                raise UsageError(
                    f"{self._path}, line {at + 2}: expected variant, seed and accuracy, found {line[:80]!r}"
                )
            self.trained.append(trained)
        lines_kept = [first, *lines[: len(self.trained)]]
        self._path.write_text("".join(f"{line}\n" for line in lines_kept), encoding="utf-8")

    def _lines(self) -> list[str]:
        try:
            return self._path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError as exc:
            raise UsageError(f"{self._path} is not text ({exc}); name other --results") from exc
        except OSError as exc:
            raise UsageError(f"cannot read {self._path}: {exc.strerror}; name other --results") from exc

    def _parsed(self, number: int, line: str) -> dict[str, Any]:
        if not _whole(line):
            raise UsageError(f"{self._path}, line {number} is damaged: {line[:80]!r}; expected a JSON object")
        fields: dict[str, Any] = json.loads(line)
        return fields


def _whole(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _trained(found: Mapping[str, Any], variants: Collection[str]) -> Trained | None:
    """None where the line is not of `add`: an unknown variant, a seed that is none, an accuracy that is no share."""
    variant, seed, accuracy = found.get("variant"), found.get("seed"), found.get("accuracy")
    if not isinstance(variant, str) or variant not in variants:
        return None
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        return None
    if not isinstance(accuracy, int | float) or isinstance(accuracy, bool) or not 0 <= accuracy <= 1:
        return None
    return Trained(variant, seed, accuracy)


def _short(value: Any) -> str:
    """A configuration is a page long."""
    return f"of {len(value.get('layers', ()))} layers" if isinstance(value, dict) else str(value)
