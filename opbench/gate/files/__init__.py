"""What the gate keeps and reads back: a run's files in pytest-benchmark's format, and recordings for replays.

Nothing read is taken on trust: whatever does not fit together is refused or becomes a verdict of its own.
"""
