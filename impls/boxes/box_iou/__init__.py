"""Overlap of every box with every other: intersection over union."""
