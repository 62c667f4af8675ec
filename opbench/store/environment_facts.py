"""What of an environment has to be the same for two figures to be of one kind: all of it but what moves by itself.

Everything an environment says counts, unless it is known to move on its own: a key nobody thought of is then a
difference too many, which is seen, and not one too few, which nobody would see.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

MOVING = frozenset({"load_average", "memory_bytes", "free_bytes", "measured_on"})
"""Keys that differ between two processes of one machine, or between two of its devices that are alike."""

PYTHON = frozenset({"python", "python_version"})
"""Keys compared by minor version: 3.11.7 and 3.11.9 run the same bytecode, 3.12 does not."""

DIGITS = 12


def environment_digest(environment: Mapping[str, Any]) -> str:
    """Twelve hexadecimal digits that are equal where nothing differs that `environment_differences` would name."""
    text = json.dumps(comparable(environment), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def comparable(environment: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flat, nested keys joined by dots, without what moves."""
    flat: dict[str, Any] = {}
    for key, value in environment.items():
        if key in MOVING:
            continue
        if isinstance(value, Mapping):
            flat |= comparable(value, f"{prefix}{key}.")
        elif key in PYTHON:
            flat[prefix + key] = ".".join(str(value).split(".")[:2])
        else:
            flat[prefix + key] = value
    return flat
