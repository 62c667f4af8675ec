"""Where one call's time goes, by part: calls under PyTorch's profiler, their spans, and the profiler's own overhead.

`splitter.py` takes the measured launches of a point to their parts. Only `*_profiler.py`, `splitter.py` and
`overhead_calibration.py` import torch; the others compute with plain numbers.
"""
