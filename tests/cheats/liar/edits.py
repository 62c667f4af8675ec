"""Right the first time, but leaves its input changed."""

from ..behaving import backend

BACKEND = backend(lambda *_: lambda x, offset: x.mul_(2) + offset)
