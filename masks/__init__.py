"""Mattes, which limit where the style goes. Functions of arrays only: nothing here reads or writes files.

A matte is float32 (H, W) in [0, 1]: 1 where the style goes, 0 where the plate stays untouched.
"""
