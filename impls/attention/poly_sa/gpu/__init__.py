"""Poly-SA on a GPU: the programs, and their launches."""
