"""Routes of keys: add and drop keyframes, and use a picture as a painted key."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from stylize.errors import ReviewError
from stylize.review.key_edits import KeyEdit, add_key, drop_key, paint_key
from stylize.review.routes.requests import changing_route, opened, upload_route
from stylize.review.server_state import Review
from stylize.review.shown_project import ShownProject

# Changes of keyframes that a page may ask for.
_CHANGES: Mapping[str, Callable[[ShownProject, int], KeyEdit]] = {"add": add_key, "drop": drop_key}


def routes(review: Review) -> list[Route]:
    """Return the routes of this area."""

    def change(request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Add or drop a keyframe."""
        act, frame = _CHANGES.get(str(values.get("change"))), values.get("frame")
        if act is None or not isinstance(frame, int):
            raise ReviewError("expected a frame, and add or drop; reload the page")
        return {"command": act(opened(review, request), frame).command}

    def paint(request: Request, name: str, content: bytes) -> dict[str, Any]:
        """Use an uploaded picture as the painted key of a frame."""
        edit = paint_key(opened(review, request), request.path_params["frame"], name, content)
        return {"command": edit.command}

    return [
        changing_route(review, "/api/project/{id}/key", change),
        upload_route(review, "/upload/{id}/key/{frame:int}", paint),
    ]
