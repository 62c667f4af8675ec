"""What runs inside a measured process. Imports nothing from the other folders of the gate.

A worker runs in its side's environment, so a module here may need the standard library and pytest alone, and imports
whatever it needs of opbench when it is loaded itself (see bootstrap.py).
"""
