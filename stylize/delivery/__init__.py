"""Sequences, movies and contact sheets."""
