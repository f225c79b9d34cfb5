"""Compiled loops: how they are compiled, and the user-wide cache that keeps them.

The lowest layer: it knows numba, and nothing of pictures.
"""
