"""Inputs that all stages share: the shot and its plates, keys, mattes, guides and motion."""
