"""Medians of many runs over commits and machines: kept, ordered, searched for steps, carried to other tools."""
