"""The three ways to use the gate: two revisions live, two stored files, a calibration. Each is told step by step."""
