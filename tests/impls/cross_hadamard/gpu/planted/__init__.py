"""What is planted into PTX, into which launches, and what those do to memory."""
