"""The site of a history: a page a case, and a front page sorted by what moved; nothing is loaded from elsewhere."""
