"""What a history is made of, a file a kind: each knows its own by sight and makes rows of it."""
