"""Where a shot cuts, and which of its frames are keyframes."""
