"""The images that networks are trained on: data sets by name, how they are read, and in which order."""
