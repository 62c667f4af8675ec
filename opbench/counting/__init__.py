"""What one call costs, by formula and by two counters that walk it."""
