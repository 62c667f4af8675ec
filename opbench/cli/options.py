"""Command-line values to vocabulary: lists, axes as options, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from opbench.errors import MachineError, UsageError, unknown
from opbench.vocabulary.case import AxisValue
from opbench.vocabulary.sweep import Narrowing

DTYPES = ("float32", "float16", "bfloat16", "float64")
MODES = ("forward", "out", "backward")
DEVICES = ("auto", "cpu", "cuda")

MOST_TOLERANCE = 1.0
"""Twice as slow: a larger tolerance is a typing error, such as 3 for 3 %."""

_TRUTH = {"true": True, "false": False}
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]*\.?[0-9]+(e[+-]?[0-9]+)?")


def words(kind: str, text: str | None) -> tuple[str, ...]:
    """A comma-separated list; None is the empty one. Raises UsageError for a list without a word."""
    if text is None:
        return ()
    found = tuple(word.strip() for word in text.split(",") if word.strip())
    if not found:
        raise UsageError(f"--{kind} is {text!r}; expected one or more names, comma-separated")
    return found


def one_of(kind: str, text: str | None, known: Sequence[str]) -> tuple[str, ...]:
    """A comma-separated list of known names. Raises UsageError for any other."""
    found = words(kind, text)
    for name in found:
        if name not in known:
            raise unknown(kind, name, known)
    return found


def split(kind: str, arguments: Sequence[str], needed: int) -> tuple[list[str], dict[str, tuple[AxisValue, ...]]]:
    """Positional words (at most one, at least `needed`) and axis options, in any order: `channels --edge 7,14`.

    Raises UsageError for a missing or second word and for an option without a value.
    """
    positional: list[str] = []
    options: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            positional.append(word)
            continue
        options.append(word)
        if "=" not in word and rest and not rest[0].startswith("--"):
            options.append(rest.pop(0))
    if len(positional) > 1:
        raise UsageError(f"unexpected argument {positional[1]!r}; axes are options, such as --channels 16,32")
    if len(positional) < needed:
        raise UsageError(f"no {kind} named; `opbench ls` lists them")
    return positional, axes(options)


def axes(options: Sequence[str]) -> dict[str, tuple[AxisValue, ...]]:
    """Axis values of `--channels 16,32 --edge=28 --activation gelu,silu`; whether an axis has them, its operator says.

    Raises UsageError for an option without a value.
    """
    found: dict[str, tuple[AxisValue, ...]] = {}
    rest = list(options)
    while rest:
        name, equals, value = rest.pop(0)[2:].partition("=")
        if not equals:
            if not rest or rest[0].startswith("--"):
                raise UsageError(f"option --{name} has no value; expected some, such as --{name} 16,32")
            value = rest.pop(0)
        found[name.replace("-", "_")] = axis_values(name, value)
    return found


def axis_values(name: str, text: str) -> tuple[AxisValue, ...]:
    """A comma-separated list of integers, numbers, `true`, `false` and names. Raises UsageError for an empty one."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise UsageError(f"--{name} is {text!r}; expected one or more values, such as 16,32")
    return tuple(dict.fromkeys(map(_axis_value, parts)))


def _axis_value(text: str) -> AxisValue:
    if text in _TRUTH:
        return _TRUTH[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def integers(name: str, text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isascii() and part.isdigit() for part in parts):
        raise UsageError(f"--{name} is {text!r}; expected one or more non-negative integers, such as 16,32")
    return tuple(dict.fromkeys(map(int, parts)))


def tolerance(text: str) -> float:
    """Of `3%`, `3 %` or `0.03`. Raises UsageError for what is not a share above 0 and below 1."""
    words = text.strip()
    number = words.removesuffix("%").strip()
    try:
        share = float(number) / (100 if words.endswith("%") else 1)
    except ValueError:
        share = float("nan")
    if not 0 < share < MOST_TOLERANCE:
        raise UsageError(f"--tolerance {text!r}: expected a slowdown above 0 and below 100 %, such as 3% or 0.03")
    return share


def narrowing(
    given: Mapping[str, tuple[AxisValue, ...]],
    operators: str | None = None,
    backends: str | None = None,
    dtypes: str | None = None,
    modes: str | None = None,
) -> Narrowing:
    return Narrowing(
        axes=given,
        operators=words("operator", operators),
        backends=words("backend", backends),
        dtypes=one_of("dtype", dtypes, DTYPES),
        modes=one_of("mode", modes, MODES),
    )


def resolve_device(name: str) -> str:
    """`auto` is the GPU when PyTorch sees one, else the CPU.

    Raises UsageError for an unknown name, MachineError for a GPU that is not there.
    """
    if name not in DEVICES:
        raise unknown("device", name, DEVICES)
    if name == "cpu":
        return name
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if name == "cuda":
        raise MachineError("device 'cuda' is not available: PyTorch sees no CUDA device here; there is: cpu")
    return "cpu"
