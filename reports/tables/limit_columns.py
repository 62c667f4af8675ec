"""What a case's limit is, as columns of the table of all values."""

from __future__ import annotations

import math
from typing import Any

from opbench.vocabulary.record import Record

TEXT = ("bound_by", "memory_level")

REAL = (
    *("limit_s", "limit_quickest_s", "limit_slowest_s", "fraction_of_limit"),
    *("memory_limit_s", "arithmetic_limit_s", "launch_limit_s", "page_faults_priced_s"),
)


def limit_columns(record: Record) -> dict[str, Any]:
    """All in seconds but `fraction_of_limit`, which is the limit over the median, and two names; missing where the
    machine's ceilings were not measured.

    `limit_s` is the largest of `memory_limit_s` (at the rates of `memory_level`), `arithmetic_limit_s` and
    `launch_limit_s`. `limit_quickest_s` and `limit_slowest_s` are it with every ceiling at the high and at the low end
    of its interval. `page_faults_priced_s`, what the counted page faults cost here, is no part of it, but `bound_by`
    says `allocation` where it is the largest of the four.
    """
    limit = record.limit
    if limit is None:
        return {**dict.fromkeys(TEXT), **dict.fromkeys(REAL, math.nan)}
    share = record.fraction_of_limit
    return {
        "limit_s": limit.seconds,
        "bound_by": limit.bound_by,
        "fraction_of_limit": math.nan if share is None else share,
        "memory_level": limit.level,
        "memory_limit_s": limit.memory_s,
        "arithmetic_limit_s": limit.arithmetic_s,
        "launch_limit_s": limit.launch_s,
        "page_faults_priced_s": limit.allocation_s,
        "limit_quickest_s": limit.quickest_s,
        "limit_slowest_s": limit.slowest_s,
    }
