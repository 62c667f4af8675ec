"""ACH as a plug-in: the widening layers of other people's models replaced by it (section 5.2, 5.5 and A.6)."""

from impls.hadaptive.replacing.replace import replace_with_ach

__all__ = ["replace_with_ach"]
