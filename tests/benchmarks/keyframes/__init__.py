"""Placement of keys and the quality it gives: against known events, other rules, and the truth; see ``__main__``."""
