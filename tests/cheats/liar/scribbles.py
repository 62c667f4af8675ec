"""Writes text to every pipe it finds, its process's answers among them."""

from ..behaving import backend, writing

BACKEND = backend(writing(b"warming up ...\n"))
