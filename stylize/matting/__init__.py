"""Mattes: those that come with a shot, and those that are made for it."""
