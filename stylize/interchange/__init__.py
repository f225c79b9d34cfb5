"""Exports for other programs: timelines, scripts, passes, mattes and EbSynth folders."""
