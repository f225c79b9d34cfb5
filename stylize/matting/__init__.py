"""Mattes that are generated for a shot: keyed, tracked or segmented."""
