"""Write memory and nothing else: the ceiling for every operator that is bound by its output."""
