"""From what a detector's head says of each anchor to boxes."""
