"""Clocks: one file each. The loop that drives them is `sampler.py`, when it ends is `stopping.py`."""
