"""Which forms of a replaced block have the paper's counts: all that are likely, tried one after another.

`python -m impls.hadaptive.replacing.forms` says how many were tried and which agree.
"""
