"""The table of all values holds what a limit is made of, in seconds, and nothing where there is no limit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opbench.vocabulary.record import Failed
from reports.tables.record_columns import LIMIT_REAL as REAL
from reports.tables.record_columns import LIMIT_TEXT as TEXT
from reports.tables.table import frame

from ..builders import record
from ..limit_builders import limit, limited


def test_a_limit_is_told_in_seconds_with_its_parts() -> None:
    row = frame([limited(0.25, "L3")]).iloc[0]
    assert (row["bound_by"], row["memory_level"]) == ("L3", "L3")
    assert row["fraction_of_limit"] == pytest.approx(0.25)
    assert row["limit_s"] == row["memory_limit_s"] == pytest.approx(1e-5)
    assert row["arithmetic_limit_s"] == row["launch_limit_s"] == pytest.approx(1e-6)
    assert row["limit_quickest_s"] < row["limit_s"] < row["limit_slowest_s"]


def test_page_faults_are_priced_and_are_no_part_of_the_limit() -> None:
    row = frame([limited(bound_by="allocation")]).iloc[0]
    assert row["bound_by"] == "allocation"
    assert row["page_faults_priced_s"] > row["limit_s"] == row["memory_limit_s"]


def test_without_ceilings_every_column_is_there_and_empty() -> None:
    table = frame([record()])
    assert table[[*TEXT, *REAL]].isna().all(axis=None)


def test_what_was_not_measured_has_a_limit_and_no_share_of_it() -> None:
    row = frame([replace(record(Failed("measure", "x")), limit=limit())]).iloc[0]
    assert row["limit_s"] == pytest.approx(1e-5)
    assert row[["fraction_of_limit"]].isna().all()


def test_numbers_and_names_have_types_of_their_own() -> None:
    types = frame([limited(), record(channels=7)]).dtypes
    assert {str(types[name]) for name in REAL} == {"float64"}
    assert {str(types[name]) for name in TEXT} == {"string"}
