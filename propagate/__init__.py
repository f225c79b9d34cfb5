"""Carry a look through a shot: a key, plates and flow in, stylised frames and their error maps out.

Everything here works on arrays and knows no files. Conventions, unless a function says otherwise:
pictures are float32 (H, W, 3), RGB, display-encoded, in [0, 1]; flow is float32 (H, W, 2), x then y,
in pixels, on the grid of the target frame, pointing to where each pixel comes from in the source:
``target(x) = source(x + flow(x))``.
"""
