"""Kernels in GPU languages, one module or package for each way to start them, behind the adapter that they share.

A module that offers the four functions of `adapter.Launcher` may move in. None is imported before it is used.
"""
