"""Footage read: movies, numbered frames and stills, their exact time, depth and colour."""
