"""Where one call's time goes, by part: calls under PyTorch's profiler, their spans, and the profiler's own overhead.

`splitter.py` takes the measured launches of a point to their parts. `kinds.py`, `spans.py`, `call_split.py` and
`cpu_split.py` compute with plain numbers and import no torch.
"""
