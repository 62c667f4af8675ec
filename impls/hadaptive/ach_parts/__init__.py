"""What ACH is made of: how it selects channels and normalises the pairs, and the one call that it is once trained."""
