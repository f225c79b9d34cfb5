"""Comparison of looks: one frame painted with every combination of references, presets and seeds, on one sheet."""
