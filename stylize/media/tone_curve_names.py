"""Names of the tone curves, kept apart from the curves, so that options need no arrays. See `propagate.tone_curves`."""

TONE_CURVES = ("bt2390", "mobius", "hable", "reinhard", "clip")
