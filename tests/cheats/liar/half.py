"""Keeps an intermediate result in half precision."""

import torch

from ..behaving import backend

BACKEND = backend(lambda *_: lambda x, offset: 2 * x.sqrt().to(torch.bfloat16).float().square() + offset)
