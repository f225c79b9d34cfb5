"""Mattes tracked from one painted frame, against masks that no method under test has made."""
