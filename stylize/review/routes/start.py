"""Routes of the start page: recent projects, and shots in the roots."""

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from stylize.events import StageProgress
from stylize.review.found_shots import find_shot, found_shots
from stylize.review.prepare import prepare_project
from stylize.review.recent_projects import recent_projects, shown_projects
from stylize.review.roots import project_id
from stylize.review.routes.requests import answer_route, changing_route
from stylize.review.server_state import Review
from stylize.visible_text import visible


def routes(review: Review) -> list[Route]:
    """Return the routes of this area."""

    def projects(request: Request) -> dict[str, Any]:
        """List the projects and the shots in the roots."""
        return recent_projects(review.roots) | {
            "shots": [
                {"id": identifier, "name": visible(path.name), "folder": visible(str(path.parent))}
                for identifier, path in found_shots(review.roots).items()
            ]
        }

    def open_shot(request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Make a project for a shot, with its plates, and return its id."""
        path = find_shot(review.roots, request.path_params["shot"])

        def receive(event: Any) -> None:
            if isinstance(event, StageProgress):
                review.events.send(
                    {"type": "opening", "shot": request.path_params["shot"], "done": event.done, "total": event.total}
                )

        return {"project": project_id(prepare_project(path, {}, receive))}

    return [
        answer_route(review, "/api/shown", lambda request: {"shown": shown_projects(review.roots)}),
        answer_route(review, "/api/projects", projects),
        changing_route(review, "/api/shot/{shot}/open", open_shot),
    ]
