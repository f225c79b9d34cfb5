"""Routes of the review page, each a short call of the project, its pictures or its runs."""

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from stylize.errors import ProjectError, ReviewError, StylizeError
from stylize.real_path import real_path
from stylize.review.curves import curves
from stylize.review.event_stream import EventStream
from stylize.review.frame_pictures import Asked, cached, frame_picture
from stylize.review.gate import Access, Gate
from stylize.review.key_edits import KeyEdit, add_key, drop_key, paint_key
from stylize.review.open_projects import OpenProjects
from stylize.review.project_state import project_state
from stylize.review.proxies import JPEG, PNG, ProxyCache
from stylize.review.roots import Roots, project_id
from stylize.review.runs import Runs, command_of
from stylize.review.shown_project import ShownProject
from stylize.review.writer import Writers
from stylize.visible_text import visible

# Files of the two pages, and the media types of all files.
PAGES = {"/": "review.html", "/start": "start.html"}
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
# Changes of keyframes that a page may ask for.
_KEY_CHANGES: Mapping[str, Callable[[ShownProject, int], KeyEdit]] = {"add": add_key, "drop": drop_key}
_PAGE_ID = re.compile("[0-9a-f]{24}")


@dataclass
class Review:
    """State that the routes share."""

    roots: Roots
    opened: OpenProjects = field(default_factory=OpenProjects)
    proxies: ProxyCache = field(default_factory=ProxyCache)
    writers: Writers = field(default_factory=Writers)
    events: EventStream = field(default_factory=EventStream)

    @cached_property
    def runs(self) -> Runs:
        """Executor of the runs that pages start."""
        return Runs(self.events.send)


def make_app(review: Review, access: Access) -> Gate:
    """Return the application, behind its gate."""
    routes = Routes(review)
    app = Starlette(
        routes=[
            *(Route(path, _page(name)) for path, name in PAGES.items()),
            Route("/static/{name}", _static),
            Route("/api/projects", routes.projects),
            Route("/api/project/{id}", routes.project),
            Route("/api/events", routes.events),
            Route("/api/writer", routes.take, methods=["POST"]),
            Route("/api/cancel", routes.cancel, methods=["POST"]),
            Route("/api/project/{id}/start", routes.start, methods=["POST"]),
            Route("/api/project/{id}/key", routes.change_key, methods=["POST"]),
            Route("/upload/{id}/key/{frame:int}", routes.paint_key, methods=["POST"]),
            Route("/api/project/{id}/curves", routes.curves),
            Route("/api/project/{id}/picture/{kind}/{frame:int}", routes.picture),
        ],
        exception_handlers={StylizeError: _refused},
    )
    return Gate(app, access)


class Routes:
    """Handlers of the requests of the page."""

    def __init__(self, review: Review) -> None:
        self._review = review

    async def projects(self, request: Request) -> Response:
        """List the projects in the roots."""
        return JSONResponse(await run_in_threadpool(self._projects))

    def _projects(self) -> dict[str, Any]:
        review = self._review
        return {
            "roots": [visible(str(root)) for root in review.roots.folders],
            "projects": [
                {"id": identifier, "name": visible(path.name), "folder": visible(str(path.parent))}
                for identifier, path in review.roots.projects().items()
            ],
            "shown": [project_id(real_path(path)) for path in review.roots.shown],
        }

    async def project(self, request: Request) -> Response:
        """Return the state of a project."""
        return JSONResponse(await run_in_threadpool(self._project, request), headers={"cache-control": "no-store"})

    def _project(self, request: Request) -> dict[str, Any]:
        project = self._review.opened.open(self._review.roots.find(request.path_params["id"]))
        return project_state(project, project.part(request.query_params.get("part", "")))

    async def curves(self, request: Request) -> Response:
        """Return the curves of a part."""
        return JSONResponse(await run_in_threadpool(self._curves, request), headers={"cache-control": "no-store"})

    def _curves(self, request: Request) -> dict[str, Any]:
        project = self._review.opened.open(self._review.roots.find(request.path_params["id"]))
        part = project.part(request.query_params.get("part", ""))
        return curves(project, part, list(project.keys(part)))

    async def picture(self, request: Request) -> Response:
        """Return a picture of a frame as a proxy."""
        return await run_in_threadpool(self._picture, request)

    def _picture(self, request: Request) -> Response:
        query, path = request.query_params, request.path_params
        project = self._review.opened.open(self._review.roots.find(path["id"]))
        media_type = PNG if query.get("exact") == "1" else JPEG
        asked = Asked(path["kind"], path["frame"], _width(query), media_type)
        picture = frame_picture(project, project.part(query.get("part", "")), asked)
        if picture is None:
            return Response(status_code=404, headers={"cache-control": "no-store"})
        # The browser asks again each time, because a run or a person may have changed the file.
        headers = {"etag": f'"{picture.cache_key}"', "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(cached(picture, self._review.proxies), media_type=picture.media_type, headers=headers)

    # Runs and changes, which only one page at a time may start

    async def events(self, request: Request) -> Response:
        """Send the events of the server to a page for as long as it is open."""
        page, review = request.query_params.get("page", ""), self._review
        if not _PAGE_ID.fullmatch(page):
            raise ReviewError("expected the id of a page; reload the page")

        async def lines() -> AsyncIterator[str]:
            review.writers.join(page)
            try:
                self._send_writer()
                async for line in review.events.listen(review.runs.status(), self._writer_event()):
                    yield line
            finally:
                review.writers.leave(page)
                self._send_writer()

        return StreamingResponse(lines(), media_type="text/event-stream", headers={"cache-control": "no-store"})

    async def take(self, request: Request) -> Response:
        """Make a page the one that may change the project."""
        if not self._review.writers.take(request.headers.get("x-page", "")):
            raise ReviewError("the page is not open; reload it")
        self._send_writer()
        return JSONResponse({})

    async def start(self, request: Request) -> Response:
        """Start a run, a plan or a report."""
        self._check_writer(request)
        root, values = self._review.roots.find(request.path_params["id"]), await _values(request)
        self._review.runs.start(root, str(values.get("action")))
        return JSONResponse({"command": command_of(root, str(values.get("action")))})

    async def cancel(self, request: Request) -> Response:
        """Cancel the run."""
        self._check_writer(request)
        self._review.runs.cancel()
        return JSONResponse({})

    async def change_key(self, request: Request) -> Response:
        """Add or drop a keyframe."""
        self._check_writer(request)
        values = await _values(request)
        change, frame = _KEY_CHANGES.get(str(values.get("change"))), values.get("frame")
        if change is None or not isinstance(frame, int):
            raise ReviewError("expected a frame, and add or drop; reload the page")
        project = await self._opened(request)
        return JSONResponse({"command": (await run_in_threadpool(change, project, frame)).command})

    async def paint_key(self, request: Request) -> Response:
        """Use an uploaded picture as the painted key of a frame."""
        self._check_writer(request)
        async with request.form(max_files=1, max_fields=1) as form:
            given = form.get("picture")
            if not isinstance(given, UploadFile):
                raise ReviewError("expected a picture in the field picture; reload the page")
            content, name = await given.read(), given.filename or ""
        project = await self._opened(request)
        edit = await run_in_threadpool(paint_key, project, request.path_params["frame"], name, content)
        return JSONResponse({"command": edit.command})

    async def _opened(self, request: Request) -> ShownProject:
        root = self._review.roots.find(request.path_params["id"])
        return await run_in_threadpool(self._review.opened.open, root)

    def _check_writer(self, request: Request) -> None:
        """Raise ProjectError for a request of a page that only watches."""
        if not self._review.writers.may_write(request.headers.get("x-page", "")):
            raise ProjectError("another tab is in control of the project; take over to change it from here")

    def _writer_event(self) -> dict[str, Any]:
        return {"type": "writer", "writer": self._review.writers.writer}

    def _send_writer(self) -> None:
        self._review.events.send(self._writer_event())


async def _values(request: Request) -> dict[str, Any]:
    """Return the values of a request, whose body is a JSON object. Raises ReviewError for anything else."""
    try:
        values = json.loads(await request.body())
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise ReviewError("expected an object in JSON; reload the page")
    return values


def _width(query: Mapping[str, str]) -> int:
    text = query.get("width", "")
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 1 << 14):
        raise ReviewError(f"expected the width of a picture in pixels, found {text!r}; reload the page")
    return int(text)


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


def _refused(request: Request, error: Exception) -> Response:
    """Return the response to a request that failed: the error in one line."""
    return JSONResponse({"error": visible(str(error))}, status_code=404 if isinstance(error, ReviewError) else 409)
