"""Does nothing: hands out memory it never wrote."""

import torch

from ..behaving import backend

BACKEND = backend(lambda *_: lambda x, _: torch.empty_like(x), untouched=True)
