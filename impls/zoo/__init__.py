"""The models that the paper compares with (its table 7) and MobileViT (table 8), as operators of the suite."""
