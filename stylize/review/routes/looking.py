"""Routes of display: the pages, the projects, pictures, curves and events, and the page in control."""

import re
from collections.abc import AsyncIterator, Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from stylize.errors import ReviewError
from stylize.review.curves import curves
from stylize.review.frame_pictures import Asked, frame_picture
from stylize.review.project_state import project_state
from stylize.review.routes.requests import (
    answer_route,
    media_type_of,
    opened,
    part_of,
    picture_response,
    width_of,
)
from stylize.review.server_state import Review

# Files of the two pages, and the media types of all files.
PAGES = {"/": "review.html", "/start": "start.html"}
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_PAGE_ID = re.compile("[0-9a-f]{24}")


def routes(review: Review) -> list[Route]:
    """Return the routes of this area."""
    looking = _Looking(review)
    return [
        *(Route(path, _page(name)) for path, name in PAGES.items()),
        Route("/static/{name}", _static),
        answer_route(review, "/api/project/{id}", looking.project),
        answer_route(review, "/api/project/{id}/curves", looking.curves),
        Route("/api/project/{id}/picture/{kind}/{frame:int}", looking.picture),
        Route("/api/events", looking.events),
        Route("/api/writer", looking.take, methods=["POST"]),
    ]


class _Looking:
    """Handlers of the requests of this area."""

    def __init__(self, review: Review) -> None:
        self._review = review

    def project(self, request: Request) -> dict[str, Any]:
        """Return the state of a project."""
        project = opened(self._review, request)
        self._review.runs.load(project.root)
        part = part_of(project, request)
        for one in (part, project.full_part(part)):
            self._review.watch.add(project, one)
        return project_state(project, part)

    def curves(self, request: Request) -> dict[str, Any]:
        """Return the curves of a part."""
        project = opened(self._review, request)
        part = part_of(project, request)
        return curves(project, part, list(project.keys(part)))

    async def picture(self, request: Request) -> Response:
        """Return a picture of a frame as a proxy."""
        return await run_in_threadpool(self._picture, request)

    def _picture(self, request: Request) -> Response:
        path = request.path_params
        project = opened(self._review, request)
        asked = Asked(path["kind"], path["frame"], width_of(request), media_type_of(request))
        picture = frame_picture(project, part_of(project, request), asked)
        return picture_response(self._review, request, picture)

    async def events(self, request: Request) -> Response:
        """Send the events of the server to a page for as long as it is open."""
        page, review = request.query_params.get("page", ""), self._review
        if not _PAGE_ID.fullmatch(page):
            raise ReviewError("expected the id of a page; reload the page")

        async def lines() -> AsyncIterator[str]:
            review.writers.join(page)
            try:
                review.events.send(review.writer_event())
                first = review.runs.status(), review.writer_event(), review.live_event()
                async for line in review.events.listen(*first):
                    yield line
            finally:
                review.writers.leave(page)
                review.events.send(review.writer_event())

        return StreamingResponse(lines(), media_type="text/event-stream", headers={"cache-control": "no-store"})

    async def take(self, request: Request) -> Response:
        """Make a page the one that may change the project."""
        if not self._review.writers.take(request.headers.get("x-page", "")):
            raise ReviewError("the page is not open; reload it")
        self._review.events.send(self._review.writer_event())
        return JSONResponse({})


def _page(name: str) -> Callable[[Request], Response]:
    return lambda request: _file(name)


def _static(request: Request) -> Response:
    """Return a file of the page. Its name is looked up among those that are shipped, and is never part of a path."""
    return _file(request.path_params["name"])


def _file(name: str) -> Response:
    shipped = _shipped()
    if name not in shipped:
        return Response(status_code=404)
    return Response(shipped[name], media_type=_TYPES[Path(name).suffix], headers={"cache-control": "no-cache"})


@cache
def _shipped() -> dict[str, bytes]:
    """Return the files of the page, by name."""
    folder = files("stylize.review").joinpath("static")
    return {one.name: one.read_bytes() for one in folder.iterdir() if Path(one.name).suffix in _TYPES}
