"""How SSD scales a box's offsets from its anchor, in every language that decodes them (`csrc/operators.cpp` too)."""

import math

CENTRE_VARIANCE, SIDE_VARIANCE = 0.1, 0.2
"""Of the centre, in sides of the anchor, and of the logarithm of the sides (arXiv 1512.02325 and its code)."""

LARGEST_EXPONENT = math.log(1000 / 16)
"""As torchvision's BoxCoder: an anchor of 16 pixels grows to 1,000 at most."""
