"""Judgements for people and machines: on the terminal during and after a run, as a CI's page, as a figure."""
