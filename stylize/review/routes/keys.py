"""Routes of keys: change, choose and render them, paint on them, open them elsewhere, and use a picture as one."""

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stylize.errors import ReviewError
from stylize.review.choose_key import choose_key
from stylize.review.frame_pictures import Asked, candidate_picture
from stylize.review.given_key import paint_key
from stylize.review.key_change import KeyChange
from stylize.review.key_edits import add_key, drop_key, move_key
from stylize.review.open_painting import Strokes
from stylize.review.routes.requests import (
    changing_route,
    media_type_of,
    opened,
    part_of,
    picture_response,
    upload_route,
    whole_number,
    width_of,
)
from stylize.review.server_state import Review
from stylize.review.shown_project import ShownProject

_MAX_VERSION = 100


def routes(review: Review) -> list[Route]:
    """Return the routes of this area."""
    keys = _Keys(review)
    return [
        changing_route(review, "/api/project/{id}/key", keys.change),
        changing_route(review, "/api/project/{id}/open-key", keys.open_elsewhere),
        Route("/api/project/{id}/candidate/{frame:int}/{number:int}", keys.candidate),
        Route("/api/project/{id}/painting/{frame:int}", keys.painting),
        upload_route(review, "/upload/{id}/painting/{frame:int}", keys.save_strokes),
        upload_route(review, "/upload/{id}/key/{frame:int}", keys.use_picture),
    ]


class _Keys:
    """Handlers of the requests of this area."""

    def __init__(self, review: Review) -> None:
        self._review = review

    def change(self, request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Add, drop or move a keyframe, or choose for it."""
        return {"command": _changed(opened(self._review, request), values).command}

    def open_elsewhere(self, request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Open the picture of a key in a painting program."""
        project, (frame, part) = opened(self._review, request), _place(values)
        return {"command": self._review.program.open_key(project, frame, part).command}

    async def candidate(self, request: Request) -> Response:
        """Return the picture of a candidate."""

        def answer() -> Response:
            project, path = opened(self._review, request), request.path_params
            asked = Asked("candidate", path["frame"], width_of(request), media_type_of(request))
            picture = candidate_picture(project, part_of(project, request), path["number"], asked)
            return picture_response(self._review, request, picture)

        return await run_in_threadpool(answer)

    async def painting(self, request: Request) -> Response:
        """Return a key without loss, and the paint on it."""

        def answer() -> Response:
            part = request.query_params.get("part", "")
            sent = self._review.paintings.send(
                opened(self._review, request), request.path_params["frame"], part
            )  # fmt: skip
            headers = {**sent.headers, "content-encoding": "deflate", "cache-control": "no-store"}
            return Response(sent.body, media_type="application/octet-stream", headers=headers)

        return await run_in_threadpool(answer)

    def save_strokes(self, request: Request, name: str, content: bytes) -> dict[str, Any]:
        """Store the strokes of a page."""
        query, project = request.query_params, opened(self._review, request)
        version = query.get("version", "")[:_MAX_VERSION]
        strokes = Strokes(whole_number(request, "left"), whole_number(request, "top"), version, content)
        frame, part = request.path_params["frame"], query.get("part", "")
        change, version = self._review.paintings.save(project, frame, part, strokes)
        return {"command": change.command, "version": version}

    def use_picture(self, request: Request, name: str, content: bytes) -> dict[str, Any]:
        """Use an uploaded picture as the painted key of a frame."""
        project, part = opened(self._review, request), request.query_params.get("part", "")
        return {"command": paint_key(project, request.path_params["frame"], name, content, part).command}


def _changed(project: ShownProject, values: Mapping[str, Any]) -> KeyChange:
    """Change a key as the page asks. Raises ReviewError for an unknown change."""
    frame, part = _place(values)
    change, to = values.get("change"), values.get("to")
    if change == "add":
        return add_key(project, frame, part)
    if change == "drop":
        return drop_key(project, frame, part)
    if change == "move" and isinstance(to, int):
        return move_key(project, frame, to, part)
    if change == "choose":
        chosen = {name: values[name] for name in ("pick", "lock", "seed", "prompt") if name in values}
        return choose_key(project, frame, chosen, part)
    raise ReviewError("expected a frame and a change to its key; reload the page")


def _place(values: Mapping[str, Any]) -> tuple[int, str]:
    """Return the frame and the part that values name. Raises ReviewError if they name none."""
    frame, part = values.get("frame"), values.get("part", "")
    if not isinstance(frame, int) or isinstance(frame, bool) or not isinstance(part, str):
        raise ReviewError("expected a frame and a change to its key; reload the page")
    return frame, part
