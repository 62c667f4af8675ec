"""The bottlenecks on a GPU: the programs, and their launches."""
