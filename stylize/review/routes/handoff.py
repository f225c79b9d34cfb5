"""Routes of hand-off into the folders that the user allows."""

from starlette.routing import Route

from stylize.review.server_state import Review


def routes(review: Review) -> list[Route]:
    """Return the routes of this area."""
    return []
