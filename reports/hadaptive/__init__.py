"""Figures of trainings and searches: drawn from files of `impls.hadaptive`, not from records."""
