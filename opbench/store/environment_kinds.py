"""Environments of one run by name: the device, and where that is the same what else differs between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from opbench.store.environment_facts import comparable, environment_digest

MOST_FACTS = 3
"""Facts that a name has beside the device's; digits tell apart what differs in more."""

MOST_LETTERS = 100
"""Of a name, which is part of those of figures' files; longer ones end with digits."""

_DEVICE = frozenset({"device", "device_name"})

Kind = Mapping[str, Any]


def kind_names(environments: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """By `environment_digest`, a name for each kind: `cpu (Xeon, 2 threads)`, `cuda (H200, versions.torch 2.13)`.

    The names are the same whatever the order, and no two are.
    """
    kinds: dict[str, Kind] = {environment_digest(one): comparable(one) for one in environments}
    devices = {digest: device_text(kind) for digest, kind in kinds.items()}
    named: dict[str, str] = {}
    for digest, kind in sorted(kinds.items()):
        alike = [kinds[other] for other, device in devices.items() if device == devices[digest]]
        words = ", ".join([devices[digest], *_facts(digest, kind, alike)])
        if len(words) > MOST_LETTERS:
            words = f"{words[:MOST_LETTERS]} {digest[:4]}"
        named[digest] = f"{kind.get('device', 'device')} ({words})"
    return named


def sort_of(name: str) -> str:
    """`cuda` of `cuda (NVIDIA H200)`, and of `cuda` itself."""
    return name.partition(" (")[0]


def device_text(environment: Kind) -> str:
    """Write `Abacus 2, 2 threads`: the device of an environment, a CPU with its threads where these are known."""
    name, threads = str(environment.get("device_name", "unknown")), environment.get("threads")
    counted = f"{threads} thread{'s' * (threads != 1)}"
    return f"{name}, {counted}" if environment.get("device") == "cpu" and threads else name


def _facts(digest: str, own: Kind, alike: Sequence[Kind]) -> list[str]:
    """What tells this kind from all of the same device, itself among them."""
    names = sorted({name for kind in alike for name in kind} - _DEVICE)
    differing = [name for name in names if any(kind.get(name) != own.get(name) for kind in alike)][:MOST_FACTS]
    same = [kind for kind in alike if all(kind.get(name) == own.get(name) for name in differing)]
    facts = [f"{name} {own.get(name, 'none')!s:.40}" for name in differing]
    return facts if len(same) == 1 else [*facts, digest[:4]]
