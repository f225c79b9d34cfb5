"""Routes of notes on frames, and of approval."""

from starlette.routing import Route

from stylize.review.server_state import Review


def routes(review: Review) -> list[Route]:
    """Return the routes of this area."""
    return []
