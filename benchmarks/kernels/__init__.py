"""Kernels and networks against their rivals and against what the machine can move."""
