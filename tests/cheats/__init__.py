"""Backends that lie, hang or die. The harness must catch each one; see tests/opbench/measure/test_cheats.py."""
