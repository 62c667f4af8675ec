"""Where the time went: the longest first, nothing that does not matter, everything in JSON."""

from __future__ import annotations

import json

from opbench.gate.output.spent import spent_json, spent_text
from opbench.gate.phases import Phase

PHASES = {
    "rest": Phase(0.1, 0),
    "dry run": Phase(7.0, 2),
    "screen: slices": Phase(11.0, 960),
    "deciding": Phase(1.9, 0),
}


def test_the_line_leads_with_the_longest_phase_and_leaves_out_what_does_not_matter() -> None:
    assert spent_text(PHASES) == "20.0 s: screen: slices of 960 11.0, dry run of 2 7.0, deciding 1.9"


def test_a_run_without_phases_has_a_line() -> None:
    assert spent_text({}).startswith("0.0 s")


def test_json_has_every_phase() -> None:
    told = json.loads(json.dumps(spent_json(PHASES)))
    assert {name: Phase(**phase) for name, phase in told.items()} == PHASES
