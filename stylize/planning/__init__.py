"""Detection of cuts and choice of keyframes."""
