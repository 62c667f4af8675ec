"""What this machine can do, measured: the ceilings that every record is held against. See `ceiling.py`."""

from opbench.ceilings.ceiling import KINDS, Ceilings, Level, Rate

__all__ = ["KINDS", "Ceilings", "Level", "Rate"]
