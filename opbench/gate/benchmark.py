"""A benchmark as one side has it, and what the ids of many have in common."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import takewhile


@dataclass(frozen=True)
class Benchmark:
    """id: pytest's, with file and parameters.

    params: their values as text, None without any.
    digest: of what the test does, None where it is not known.
    group: of pytest-benchmark's marker.
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


def common_prefix(ids: Collection[str]) -> str:
    """What all ids begin with, up to the end of a folder, or of a file where all are in one: `tests/bench/`."""
    files = [benchmark.partition("::")[0] for benchmark in ids]
    if not files or any("::" not in benchmark for benchmark in ids):
        return ""
    if len(set(files)) == 1:
        return f"{files[0]}::"
    shared = takewhile(lambda names: len(set(names)) == 1, zip(*(file.split("/")[:-1] for file in files), strict=False))
    return "".join(f"{names[0]}/" for names in shared)
