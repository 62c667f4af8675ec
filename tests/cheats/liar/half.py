"""Computes in half precision and widens the result."""

import torch

from ..behaving import backend

BACKEND = backend(lambda *_: lambda x, offset: (0.1 * x.to(torch.bfloat16) * 20 + offset).float())
