"""Whole HTML pages: of a run and of a profile. Nothing imports from here."""
