"""The one that does the work."""

from ..behaving import backend

BACKEND = backend(lambda *_: lambda x, offset: 2 * x + offset)
