"""Unpacking of movies into the frames of a project."""
