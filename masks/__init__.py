"""Mattes: where the style goes. Everything here works on arrays and knows no files.

A matte is float32 (H, W) in [0, 1]: 1 where the style goes, 0 where the plate stays untouched.
"""
