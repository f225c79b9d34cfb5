"""Routes of mattes and cuts: paint, drop, propagate and display mattes, click on their subject, and edit cuts."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stylize.errors import MatteError, ReviewError
from stylize.media.images import quantise
from stylize.review.actions import command_of
from stylize.review.cut_changes import add_cut, drop_cut, move_cut
from stylize.review.matte_actions import (
    clicks_of,
    model_of,
    model_problem,
    store_clicks,
    use_mattes,
)
from stylize.review.matte_state import matte_state
from stylize.review.painted_mattes import (
    drop_matte,
    editable_matte,
    matte_folders,
    matte_version,
    paint_matte,
    painted_frames,
)
from stylize.review.routes.requests import answer_route, changing_route, opened, part_of, upload_route
from stylize.review.server_state import Review
from stylize.settings.network_matte import NetworkMatte, format_network_matte
from stylize.settings.references import shell_word
from stylize.visible_text import visible

# Work on mattes that a page may start, by the name of the action of a run.
PROPAGATE, FIND = "mattes", "clicks"
_NUMBERS = "application/octet-stream"
# Max number of clicks in one request.
_MAX_CLICKS = 200


def routes(review: Review) -> list[Route]:
    """Return the routes of this area."""
    mattes = _Mattes(review)
    return [
        answer_route(review, "/api/project/{id}/mattes", mattes.state),
        answer_route(review, "/api/project/{id}/mattes/model", mattes.model),
        Route("/api/project/{id}/matte/{frame:int}", mattes.picture),
        upload_route(review, "/upload/{id}/matte/{frame:int}", mattes.paint),
        changing_route(review, "/api/project/{id}/mattes/drop", mattes.drop),
        changing_route(review, "/api/project/{id}/mattes/clicks", mattes.click),
        changing_route(review, "/api/project/{id}/mattes/start", mattes.start),
        changing_route(review, "/api/project/{id}/mattes/use", mattes.use),
        changing_route(review, "/api/project/{id}/cut", mattes.cut),
    ]


class _Mattes:
    """Handlers of the requests of this area."""

    def __init__(self, review: Review) -> None:
        self._review = review

    def state(self, request: Request) -> dict[str, Any]:
        """Return the state of the mattes of a part."""
        project = opened(self._review, request)
        return matte_state(project, part_of(project, request))

    def model(self, request: Request) -> dict[str, Any]:
        """Return why clicks cannot be used; empty if they can."""
        return {"problem": model_problem(part_of(opened(self._review, request), request))}

    async def picture(self, request: Request) -> Response:
        """Return the matte of a frame that is painted on: 16 bits for each pixel of the plate, row by row."""
        return await run_in_threadpool(self._picture, request)

    def _picture(self, request: Request) -> Response:
        project = opened(self._review, request)
        matte = editable_matte(project, part_of(project, request), request.path_params["frame"])
        headers = {"cache-control": "no-store"}
        if matte is None:
            return Response(status_code=404, headers=headers)
        # A canvas has 8 bits, so that the browser gets numbers instead of a picture.
        return Response(quantise(matte, np.uint16).astype("<u2").tobytes(), media_type=_NUMBERS, headers=headers)

    def paint(self, request: Request, name: str, content: bytes) -> dict[str, Any]:
        """Add uploaded paint to the matte of a frame."""
        project = opened(self._review, request)
        with tempfile.TemporaryDirectory(prefix="stylize-review-") as folder:
            paint = Path(folder) / "paint.png"
            paint.write_bytes(content)
            corner = _number(request, "left"), _number(request, "top")
            frame, keep = request.path_params["frame"], request.query_params.get("keep") == "1"
            path = paint_matte(project, part_of(project, request), frame, paint, corner, keep=keep)
        return {"command": visible(f"cp matte.png {shell_word(str(path))}"), "version": matte_version(path)}

    def drop(self, request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Drop the painted matte of a frame."""
        project, frame = opened(self._review, request), _frame_of(values)
        part = part_of(project, request)
        before = painted_frames(project, part.look.name).get(frame)
        kept = drop_matte(project, part, frame)
        return {"command": visible(f"mv {shell_word(str(before))} {shell_word(str(kept))}")}

    def click(self, request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Store the clicks of a look, which replace those that it had."""
        project, texts = opened(self._review, request), values.get("clicks")
        if not isinstance(texts, list) or len(texts) > _MAX_CLICKS or not all(isinstance(one, str) for one in texts):
            raise ReviewError(f"expected at most {_MAX_CLICKS} clicks; reload the page")
        store_clicks(project, part_of(project, request), texts)
        return {}

    def start(self, request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Start to propagate painted mattes, or to find clicked subjects."""
        project, action = opened(self._review, request), str(values.get("action"))
        part = part_of(project, request)
        if action not in (PROPAGATE, FIND):
            raise ReviewError(f"expected {PROPAGATE} or {FIND}; reload the page")
        if action == FIND and (problem := model_problem(part)):
            raise MatteError(problem)
        self._review.runs.start(project.root, action)
        return {"command": command_of(project.root, action)}

    def use(self, request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Let runs use the propagated mattes, or track the clicked subject through the shot."""
        project = opened(self._review, request)
        part, which = part_of(project, request), values.get("matte")
        if which == "tracked":
            tracked = str(matte_folders(project, part.look.name).tracked)
            return {"command": use_mattes(project.root, part.look.name, tracked)}
        if which != "clicks" or not clicks_of(project, part):
            raise ReviewError("expected tracked or clicks; reload the page")
        if problem := model_problem(part):
            raise MatteError(problem)
        text = format_network_matte(NetworkMatte(prompts=clicks_of(project, part)))
        return {"command": use_mattes(project.root, part.look.name, text, model_of(part))}

    def cut(self, request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Add, drop or move a cut."""
        project, frame, change = opened(self._review, request), _frame_of(values), values.get("change")
        part = part_of(project, request)
        if change == "move":
            return {"command": move_cut(project, part, frame, _frame_of(values, "to"))}
        if change not in ("add", "drop"):
            raise ReviewError("expected add, drop or move; reload the page")
        return {"command": (add_cut if change == "add" else drop_cut)(project, part, frame)}


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise ReviewError(f"expected {name} in pixels; reload the page")
    return int(text)


def _frame_of(values: dict[str, Any], name: str = "frame") -> int:
    frame = values.get(name)
    if not isinstance(frame, int) or isinstance(frame, bool):
        raise ReviewError("expected the number of a frame; reload the page")
    return frame
