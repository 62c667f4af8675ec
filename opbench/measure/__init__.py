"""One point measured: its backends prepared, checked, timed and looked at while they are."""
