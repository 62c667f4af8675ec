"""What a history's change points find and invent, what the gate makes of them, and what large histories cost."""
