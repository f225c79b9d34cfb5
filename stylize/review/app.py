"""Routes of the review page, each a short call of the project, its pictures or its runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stylize.errors import ReviewError, StylizeError
from stylize.real_path import real_path
from stylize.review.curves import curves
from stylize.review.frame_pictures import Asked, cached, frame_picture
from stylize.review.gate import Access, Gate
from stylize.review.open_projects import OpenProjects
from stylize.review.project_state import project_state
from stylize.review.proxies import JPEG, PNG, ProxyCache
from stylize.review.roots import Roots, project_id
from stylize.review.writer import Writers
from stylize.visible_text import visible

# Pages of the browser, and the types of the other files of the page.
PAGES = {"/": "review.html", "/start": "start.html"}
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Review:
    """What the routes work on."""

    roots: Roots
    opened: OpenProjects = field(default_factory=OpenProjects)
    proxies: ProxyCache = field(default_factory=ProxyCache)
    writers: Writers = field(default_factory=Writers)


def make_app(review: Review, access: Access) -> Gate:
    """Return the application, behind its gate."""
    routes = Routes(review)
    app = Starlette(
        routes=[
            *(Route(path, _page(name)) for path, name in PAGES.items()),
            Route("/static/{name}", _static),
            Route("/api/projects", routes.projects),
            Route("/api/project/{id}", routes.project),
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
    """Return an error of a request, which is one line."""
    return JSONResponse({"error": visible(str(error))}, status_code=404 if isinstance(error, ReviewError) else 409)
