"""`opbench check --simulate`: which way, for which architecture, and what it says of it."""

from __future__ import annotations

import pytest

from opbench.cli.optional_value import with_value
from opbench.commands import check
from opbench.errors import UsageError

WAYS = ("source", "ptx")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("op --simulate", "op --simulate=source"),
        ("op --simulate ptx --edge 7", "op --simulate=ptx --edge 7"),
        ("op --simulate=ptx", "op --simulate=ptx"),
        ("--simulate op", "--simulate=source op"),
        ("--simulate --edge 7", "--simulate=source --edge 7"),
        ("--simulate=else", "--simulate=else"),
        ("op", "op"),
    ],
)
def test_the_option_stands_alone_or_has_a_value(typed: str, meant: str) -> None:
    assert with_value(typed.split(), "--simulate", "source", WAYS.__contains__) == meant.split()


def test_an_architecture_without_a_compiler_is_refused() -> None:
    with pytest.raises(UsageError, match="--arch sm_80 says what --simulate=ptx compiles for"):
        check.run("fill", {}, None, None, None, "cpu", "source", "sm_80", limit=False, wait=True, as_json=False)


def test_a_way_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="no way to simulate 'els'; there are: ptx, source"):
        check.run("fill", {}, None, None, None, "cpu", "els", "", limit=False, wait=True, as_json=False)
