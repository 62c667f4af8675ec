"""Hypothesis without its clock: an example that a busy machine takes long over is no failure, and no bad health."""

from __future__ import annotations

from hypothesis import HealthCheck, example, given, settings, strategies

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # a test takes its settings when it is decorated: so they come from here

__all__ = ["example", "given", "strategies"]
