"""Routes to compare with another project, look or version, and to save and restore versions."""

from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stylize.errors import ReviewError
from stylize.review import version_changes
from stylize.review.comparison_sources import sources, version_picture
from stylize.review.routes.requests import (
    answer_route,
    changing_route,
    media_type_of,
    opened,
    part_of,
    picture_response,
    width_of,
)
from stylize.review.server_state import Review
from stylize.review.version_changes import VersionChange


def routes(review: Review) -> list[Route]:
    """Return the routes of this area."""
    compare = _Compare(review)
    return [
        answer_route(review, "/api/project/{id}/sources", compare.sources),
        Route("/api/project/{id}/version/{name}/picture/{frame:int}", compare.picture),
        changing_route(review, "/api/project/{id}/version", compare.change),
    ]


class _Compare:
    """Handlers of the requests of this area."""

    def __init__(self, review: Review) -> None:
        self._review = review

    def sources(self, request: Request) -> dict[str, Any]:
        """Return the pictures that the displayed part can be compared with."""
        project = opened(self._review, request)
        return {"sources": [asdict(one) for one in sources(project, part_of(project, request), self._review.roots)]}

    async def picture(self, request: Request) -> Response:
        """Return a picture of a saved version."""
        return await run_in_threadpool(self._picture, request)

    def _picture(self, request: Request) -> Response:
        project, path = opened(self._review, request), request.path_params
        part, width, media_type = part_of(project, request), width_of(request), media_type_of(request)
        picture = version_picture(project, part, path["name"], path["frame"], width, media_type)
        return picture_response(self._review, request, picture)

    def change(self, request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Save or restore a version, or compare one with the present state in words."""
        root, name = self._review.roots.find(request.path_params["id"]), values.get("name")
        if not isinstance(name, str):
            raise ReviewError("expected the name of a version; reload the page")
        match values.get("change"):
            case "save":
                done = version_changes.save(root, name, frames=values.get("frames") is True)
            case "restore":
                done = version_changes.restore(root, name)
            case "compare":
                done = version_changes.compare(root, name)
            case _:
                raise ReviewError("expected save, restore or compare; reload the page")
        return _answer(done)


def _answer(done: VersionChange) -> dict[str, Any]:
    return {"lines": list(done.lines), "command": done.command}
