"""Compiled loops: how they are compiled, and the user-wide cache that keeps them.

It knows numba, and nothing of pictures.
"""
