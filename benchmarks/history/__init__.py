"""What a history's change points find and invent, and what large histories cost."""
