"""How well and how fast a key is carried, against the truth and against other engines; see ``__main__``."""
