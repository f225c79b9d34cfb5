"""Routes of the review page, one file for each area. Every route is a short call of a module of ``stylize.review``."""
