"""Where keys land, and what they are worth: against known events, other rules, and the truth; see ``__main__``."""
