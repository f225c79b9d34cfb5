"""What every stage works on: the shot, its plates, keys, mattes, guides and motion."""
