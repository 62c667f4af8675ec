"""The operators on boxes on a GPU: the programs, and their launches."""
