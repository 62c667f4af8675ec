"""The operators of `opbench ceilings` by name."""

from __future__ import annotations

from impls.machine.arithmetic import MATRIX_MULTIPLY, MULTIPLY_ADD
from impls.machine.call_costs import EMPTY_CALL, EMPTY_LAUNCH, FRESH_PAGES
from impls.machine.memory import COPY, READ, WRITE
from impls.machine.stores import STORES

OPERATORS = {
    "memory_read": READ,
    "memory_write": WRITE,
    "memory_copy": COPY,
    "stores": STORES,
    "multiply_add": MULTIPLY_ADD,
    "matrix_multiply": MATRIX_MULTIPLY,
    "empty_call": EMPTY_CALL,
    "empty_launch": EMPTY_LAUNCH,
    "fresh_pages": FRESH_PAGES,
}
