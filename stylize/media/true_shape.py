"""Size of a picture as a player displays it, with square pixels."""

from fractions import Fraction


def true_size(size: tuple[int, int], pixel_aspect: Fraction) -> tuple[int, int]:
    """Return the (width, height) with square pixels: wide pixels make it wider, tall ones make it taller.

    size: stored (width, height). pixel_aspect: width of a pixel divided by its height.
    """
    width, height = size
    if pixel_aspect >= 1:
        return max(1, round(width * pixel_aspect)), height
    return width, max(1, round(height / pixel_aspect))
