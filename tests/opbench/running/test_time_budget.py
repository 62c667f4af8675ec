"""Where a run's wall time went: what no part of a case took is the harness's."""

from __future__ import annotations

from dataclasses import asdict

from opbench.running.time_budget import Accounts
from opbench.vocabulary.record import Check, Measured, Unavailable

PASSED = Check(True, 9, 0, 0.0, 0.0, 0.0, 0.0)
GOOD = Measured(PASSED, (1e-3,), 1, "target", prepare_s=1.0, warmup_calls=1, warmup_s=2.0, sampling_s=3.0)


def test_the_accounts_leave_the_rest_to_the_harness() -> None:
    accounts = Accounts(wall_s=18.5, ahead_s=0.5)
    for outcome in (GOOD, Unavailable("no"), GOOD):
        accounts.add(outcome)
    assert asdict(accounts) == {"wall_s": 18.5, "ahead_s": 0.5, "prepare_s": 2.0, "warmup_s": 4.0, "sampling_s": 6.0}
    assert accounts.harness_s == 6.0
    assert str(accounts) == ("18.5 s = compile ahead 0.5 + prepare 2.0 + warm-up 4.0 + samples 6.0 + harness 6.0 (32%)")


def test_what_ran_at_the_same_time_leaves_the_harness_nothing_and_not_less() -> None:
    accounts = Accounts(wall_s=4.0)
    accounts.add(GOOD)
    assert accounts.harness_s == 0.0
    assert str(Accounts()).startswith("0.0 s = ")
    assert str(Accounts()).endswith("harness 0.0 (0%)")
