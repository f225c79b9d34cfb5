"""Routes of hand-off into the folders that the user allows."""

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from stylize.review.actions import command_of
from stylize.review.handoff_plan import handoff_choices, handoff_options
from stylize.review.routes.requests import answer_route, changing_route, opened
from stylize.review.server_state import Review


def routes(review: Review) -> list[Route]:
    """Return the routes of this area."""

    def choices(request: Request) -> dict[str, Any]:
        """Return the folders, formats and exports to choose from."""
        return handoff_choices(opened(review, request), review.roots)

    def start(request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Add a run that hands over the result."""
        project = opened(review, request)
        options = handoff_options(project, review.roots, values)
        task = review.runs.start(project.root, "run", options)
        return {"command": command_of(project.root, task.action, task.options), "task": task.id}

    return [
        answer_route(review, "/api/project/{id}/handoff", choices),
        changing_route(review, "/api/project/{id}/handoff", start),
    ]
