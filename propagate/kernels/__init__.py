"""Compilation of loops, and the user-wide cache of the results. It knows numba, but nothing about pictures."""
