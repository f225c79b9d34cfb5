"""Routes of runs: start and cancel them."""

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from stylize.review.routes.requests import changing_route
from stylize.review.runs import command_of
from stylize.review.server_state import Review


def routes(review: Review) -> list[Route]:
    """Return the routes of this area."""

    def start(request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Start a run, a plan or a report."""
        root, action = review.roots.find(request.path_params["id"]), str(values.get("action"))
        review.runs.start(root, action)
        return {"command": command_of(root, action)}

    def cancel(request: Request, values: dict[str, Any]) -> None:
        """Cancel the run."""
        review.runs.cancel()

    return [
        changing_route(review, "/api/project/{id}/start", start),
        changing_route(review, "/api/cancel", cancel),
    ]
