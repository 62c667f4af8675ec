"""Formats of few bits, emulated exactly: elements, the scale that a block of them shares, and how both are stored."""
