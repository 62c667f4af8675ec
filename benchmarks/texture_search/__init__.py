"""A search where candidates are known to differ: `python -m benchmarks.texture_search`."""
