"""Mattes: those supplied with a shot, and those generated for it."""
