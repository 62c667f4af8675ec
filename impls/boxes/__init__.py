"""Operators on boxes, what a detector needs between its network and its answer: overlap, suppression, decoding."""
