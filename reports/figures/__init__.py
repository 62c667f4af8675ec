"""Figures: a file that assigns `REPORT` is one report; the others draw what a report or a command asks for."""
