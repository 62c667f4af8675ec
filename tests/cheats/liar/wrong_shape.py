"""Returns one element too many."""

import torch

from ..behaving import backend

BACKEND = backend(lambda *_: lambda x, offset: torch.cat([2 * x + offset, x[:1]]))
