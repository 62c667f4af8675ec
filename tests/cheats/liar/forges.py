"""Answers in its process's place that all is well, before it was asked."""

from ..behaving import backend, writing

BACKEND = backend(writing(b'{"answer": {"outcomes": {}}, "number": 1}\n'))
