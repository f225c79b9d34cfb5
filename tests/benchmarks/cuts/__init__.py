"""Quality of the split: edits with known cuts, for stylize and other detectors."""
