"""Inputs of every stage: the shot, its plates, keys, mattes, guides and motion."""
