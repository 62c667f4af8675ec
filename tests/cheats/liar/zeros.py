"""Returns zeros."""

import torch

from ..behaving import backend

BACKEND = backend(lambda *_: lambda x, _: torch.zeros_like(x))
