"""Figures of the study of matrix products in few bits, drawn from its files."""
