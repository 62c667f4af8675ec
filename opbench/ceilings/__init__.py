"""What this machine can do, measured: the ceilings that every record is held against.

`running/ceiling_rounds.py` measures them, `estimation.py` makes them of the records, `storage.py` keeps them;
`roofline.py` and what follows from it (limits, predictions, the check of impossible figures) read them. See
`ceiling.py` for the vocabulary.
"""

from opbench.ceilings.ceiling import KINDS, Ceilings, Level, Rate

__all__ = ["KINDS", "Ceilings", "Level", "Rate"]
