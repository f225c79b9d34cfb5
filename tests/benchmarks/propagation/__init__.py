"""Quality and speed of propagating a key, against the truth and against other engines; see ``__main__``."""
