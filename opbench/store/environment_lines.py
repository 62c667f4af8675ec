"""Environments of a records file: each stands on a line of its own before the first record that refers to it.

They are lines of the same file, and not a file beside it, because one write then holds a record and what it refers to:
neither a kill nor a full disk parts them, one lock and one repair serve both, and a file that is moved or sent away is
still complete. The id is a hash of the content, so that a file may say the same environment twice, as two that are put
together do.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from opbench.cache import content_digest
from opbench.errors import UsageError
from opbench.store.codec import json_of, to_line
from opbench.store.sealing import fits, sealed
from opbench.vocabulary.record import SCHEMA_VERSION, Record

_START = f'{{"schema":{SCHEMA_VERSION},"id":'.encode()


class _Line(msgspec.Struct):
    id: str
    environment: dict[str, Any]


def environment_id(environment: Mapping[str, Any]) -> str:
    """16 hex digits, the same for the same content."""
    return content_digest(dict(environment))


def to_lines(records: Iterable[Record], known: Collection[str] = ()) -> tuple[str, set[str]]:
    """The records as lines of a file, and the ids of the environments that were told with them.

    known: ids of those the file has already.
    """
    told: set[str] = set()
    lines: list[str] = []
    for record in records:
        name = environment_id(record.environment)
        if name not in known and name not in told:
            lines.append(environment_line(record.environment, name))
            told.add(name)
        lines.append(to_line(record, name))
    return "".join(lines), told


def environment_line(environment: Mapping[str, Any], name: str = "") -> str:
    """The line that tells this environment under its id, which is reckoned where it is not given."""
    data = {"schema": SCHEMA_VERSION, "id": name or environment_id(environment), "environment": dict(environment)}
    return sealed(json.dumps(data, separators=(",", ":")))


def environment_of(line: bytes, where: str) -> tuple[str, dict[str, Any]] | None:
    """Id and content of an environment's line; None for any other line.

    Raises UsageError naming `where` for one that was changed or is not complete.
    """
    if not line.startswith(_START):
        return None
    if fits(line) is False:
        raise UsageError(f"{where}: its checksum does not fit: the line was changed after it was written; remove it")
    try:
        found = msgspec.convert(json_of(line), _Line)
    except (ValueError, RecursionError) as exc:
        raise UsageError(f"{where}: not a complete environment ({exc}): sweep --resume repairs a last line") from exc
    return found.id, found.environment
