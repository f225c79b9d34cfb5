"""Propagate a look through a shot: a key, plates and flow in, stylised frames and their error maps out.

The package works on arrays and knows no files. Conventions, unless a function says otherwise: pictures are float32
(H, W, 3), RGB, display-encoded, in [0, 1]; flow is float32 (H, W, 2), x then y, in pixels, on the grid of the target
frame, and points to the place in the source that each pixel comes from: ``target(x) = source(x + flow(x))``.
"""
