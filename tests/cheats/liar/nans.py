"""Returns NaN, which a comparison written the wrong way round lets pass."""

import torch

from ..behaving import backend

BACKEND = backend(lambda *_: lambda x, _: torch.full_like(x, torch.nan))
