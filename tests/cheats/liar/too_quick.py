"""Right, and by a clock that is scripted quicker than any machine could be: as if work were skipped."""

from ..behaving import backend, right

BACKEND = backend(lambda *_: right, call_s=1e-6)
