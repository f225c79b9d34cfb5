"""Carry a painted look through a live-action shot from a few keyframes."""
