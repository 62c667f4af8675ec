"""The liars' operator under another name: its backends are right, and harm each other."""

from dataclasses import replace

from ..liar.operator import OPERATOR as DOUBLING

OPERATOR = replace(DOUBLING, name="disturbing", about="doubles a vector while others change the process")
