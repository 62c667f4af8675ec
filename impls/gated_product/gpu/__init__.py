"""The gated product on a GPU: the programs, and their launches."""
