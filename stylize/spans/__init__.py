"""Propagation of the look between keyframes: scheduling, the passes of a span, resume points, layers."""
