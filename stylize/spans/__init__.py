"""The look propagated between keyframes: scheduling, the passes of a span, resume points, layers."""
