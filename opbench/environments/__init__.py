"""Two environments compared: the same cases in two interpreters, which take turns as the gate's two sides do."""
