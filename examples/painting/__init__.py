"""Procedural scenes, and simulated media to paint them with, one file for each medium."""
