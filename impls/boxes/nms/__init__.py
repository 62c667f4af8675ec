"""Non-maximum suppression: of boxes that overlap much, the one with the highest score."""
