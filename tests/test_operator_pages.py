"""docs/operators.md has every field that there is, and docs/plugins.md shows what `opbench new` writes."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
import torch

from opbench import (
    Artifact,
    Axis,
    Backend,
    Every,
    Figured,
    Grid,
    KernelResources,
    Operator,
    Part,
    Preparing,
    Report,
    Sweep,
    Tolerance,
    Work,
)
from opbench.counting.count import count
from opbench.scaffold.naming import Scaffold
from opbench.scaffold.rendering import rendered
from tests.test_docs import PAGES, blocks

FIELDS, PLUGINS = PAGES["docs/operators.md"], PAGES["docs/plugins.md"]

SHOWN = (
    Scaffold("operator", "gated"),
    Scaffold("backend", "slices", "cross_hadamard"),
    Scaffold("sweep", "plane"),
    Scaffold("report", "steadiness"),
)


def rows_of(title: str) -> dict[str, str]:
    """Of the section's table: fields, and what is written for where they are left out."""
    section = FIELDS.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE))


@pytest.mark.parametrize(
    "described",
    [
        *(Operator, Axis, Tolerance, Work, Part, Backend, Preparing, Figured, KernelResources),
        *(Sweep, Grid, Every, Report, Artifact),
    ],
)
def test_the_page_has_every_field_and_says_which_are_required(described: type) -> None:
    missing = dataclasses.MISSING
    required = {
        field.name: field.default is missing and field.default_factory is missing
        for field in dataclasses.fields(described)
    }
    assert {name: text == "required" for name, text in rows_of(described.__name__).items()} == required


def test_the_page_has_no_section_without_a_type() -> None:
    titles = set(re.findall(r"^## (\w+)$", FIELDS, re.MULTILINE))
    assert {title for title in titles if not rows_of(title)} == set()


def test_what_the_page_says_of_rmsnorm_and_of_a_gate_is_what_is_counted() -> None:
    x, weight = torch.empty(7, 131, device="meta"), torch.empty(131, device="meta")
    norm = count(lambda x, w: x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * w, {"x": x, "w": weight})
    assert norm["torch"] == norm["fvcore"] == {"macs": 0, "products": 0, "elementwise": 4 * 7 * 131 + 2 * 7}
    gate = count(lambda a, b: torch.nn.functional.silu(a) * b, {"a": x, "b": x})
    assert gate["torch"] == gate["fvcore"] == {"macs": 0, "products": 7 * 131, "elementwise": 7 * 131}


def test_every_block_on_the_page_of_packages_is_what_is_written() -> None:
    texts = [text for scaffold in SHOWN for path, text in rendered(scaffold).items() if Path(path).suffix == ".py"]
    shown = blocks(PLUGINS, "python")
    assert len(shown) == 9
    assert [block for block in shown if block not in texts] == []
    projects = "".join(rendered(scaffold)["pyproject.toml"] for scaffold in SHOWN)
    entries = blocks(PLUGINS, "toml")
    assert len(entries) == len(SHOWN)
    assert [block for block in entries if block not in projects] == []
    assert set(re.findall(r"opbench\.\w+", "".join(entries))) >= {
        "opbench.operators", "opbench.backends", "opbench.sweeps", "opbench.reports",
    }  # fmt: skip
