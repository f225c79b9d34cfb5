"""How good a result is, measured and shown: a page to look at, and the same figures as JSON."""
