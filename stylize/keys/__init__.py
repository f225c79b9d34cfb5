"""Rendering of the keys of a project, and comparison of neighbouring keys."""
