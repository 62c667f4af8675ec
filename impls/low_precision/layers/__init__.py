"""The products of real layers: found in a model that runs, recorded, or computed in few bits."""
