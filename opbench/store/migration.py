"""Lines of earlier schemas brought to the present one, a step a version. What a step adds is what a field meant when it
was not there yet.

1: every record carries its whole environment. Its first files have no parts, no limit and no checksum.
2: a record of a file names the environment, which has a line of its own before it, see `environment_lines.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opbench.vocabulary.record import SCHEMA_VERSION

Data = dict[str, Any]


def _from_1(data: Data) -> Data:
    """An environment inside the line is one of the two forms that version 2 has too."""
    return {"parts": [], "limit": None, **data}


_STEPS: dict[int, Callable[[Data], Data]] = {1: _from_1}

READS = (*_STEPS, SCHEMA_VERSION)
"""The schemas that can be read."""


def migrated(data: Data) -> Data:
    """The line's data as this version writes it. `data["schema"]` is one of READS."""
    for version in range(data["schema"], SCHEMA_VERSION):
        data = {**_STEPS[version](data), "schema": version + 1}
    return data
