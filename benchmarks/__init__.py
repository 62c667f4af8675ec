"""Committed benchmarks: the figures this project quotes, and the command that prints each."""
