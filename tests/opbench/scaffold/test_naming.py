"""A name that cannot be used, or that somebody has, is refused in one line before anything is written."""

from __future__ import annotations

import pytest

from opbench.errors import UsageError
from opbench.scaffold.naming import scaffold_for
from tests.rows import rows


@rows(
    "kind, text, module",
    [
        ("operator", "gated", "opbench_gated"),
        ("backend", "cross_hadamard.slices", "opbench_cross_hadamard_slices"),
        ("sweep", "plane", "opbench_plane_sweep"),
        ("report", "steadiness2", "opbench_steadiness2_report"),
        ("file", "my_gate", "my_gate"),
    ],
)
def test_a_package_is_named_after_what_it_brings(kind: str, text: str, module: str) -> None:
    scaffold = scaffold_for(kind, text)
    assert (scaffold.module, scaffold.distribution) == (module, module.replace("_", "-"))


@rows("name", ["", "2d", "Gated", "a-b", "a b", "_a", "a_", "a__b", "class", "none\n", "grün", "../up", "a" * 65])
def test_what_is_no_name_is_refused(name: str) -> None:
    for kind in ("operator", "sweep", "report", "file"):
        with pytest.raises(UsageError, match=rf"^{kind} is named .*expected up to 64 lower-case letters") as refused:
            scaffold_for(kind, name)
        assert "\n" not in str(refused.value)


@rows(
    "kind, text, says",
    [
        ("operatr", "gated", r"no kind 'operatr' to make \(did you mean 'operator'\?\); there are: backend, file"),
        ("backend", "slices", "backend is 'slices'; expected OPERATOR.NAME, such as cross_hadamard.slices"),
        ("backend", ".slices", "expected OPERATOR.NAME"),
        ("backend", "fill.", "expected OPERATOR.NAME"),
        ("backend", "fil.slices", r"no operator 'fil' \(did you mean 'fill'\?\)"),
        ("backend", "fill.torch_eager", "operator 'fill' has a backend 'torch_eager' already; choose another name"),
        ("operator", "fill", "there is an operator 'fill' already, impls.fill; choose another name"),
        ("operator", "spatial", "there is a sweep 'spatial' already, sweeps.spatial"),  # it brings one of its name
        ("sweep", "channels", "there is a sweep 'channels' already, sweeps.channels"),
        ("report", "latency", "there is a report 'latency' already, reports.figures.latency"),
        ("file", "json", "there is a module 'json' already, .*json.*; choose another name than 'json'"),
    ],
)
def test_what_is_unknown_or_taken_is_told(kind: str, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        scaffold_for(kind, text)


@rows("kind", ["operator", "sweep", "report", "file"])
def test_a_language_is_of_backends_alone(kind: str) -> None:
    assert scaffold_for("backend", "cross_hadamard.rows", "triton").language == "triton"
    with pytest.raises(UsageError, match=f"^--triton makes a backend with a kernel, not kind '{kind}'; leave it away"):
        scaffold_for(kind, "gated", "triton")


def test_what_another_package_has_is_told_with_that_package(liar: str) -> None:
    with pytest.raises(UsageError, match=r"there is an operator 'liar' already, cheats.liar of cheats 1; choose"):
        scaffold_for("operator", liar)
    with pytest.raises(UsageError, match=r"operator 'liar' has a backend 'zeros' already; choose another name"):
        scaffold_for("backend", f"{liar}.zeros")
    assert scaffold_for("backend", f"{liar}.fresh").module == "opbench_liar_fresh"
