"""The one that does the work and nothing else."""

from ..behaving import backend

BACKEND = backend(lambda *_: lambda x, offset: 2 * x + offset)
