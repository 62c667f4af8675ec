"""Right, and by a clock that is scripted quicker than it is."""

from ..behaving import backend, right

BACKEND = backend(lambda *_: right, call_s=1e-7)
