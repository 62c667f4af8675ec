"""All of ACH behind its convolution as one operator: select by scores, multiply pairs, normalise, concatenate."""
