"""Requests to the routes: their values, their project, and the page that may change it."""

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stylize.errors import ProjectError, ReviewError
from stylize.review.frame_pictures import FramePicture, cached
from stylize.review.proxies import JPEG, PNG
from stylize.review.server_state import Review
from stylize.review.shown_project import Part, ShownProject
from stylize.visible_text import visible

Handler = Callable[[Request], Awaitable[Response]]


def answer_route(review: Review, path: str, answer: Callable[[Request], Any]) -> Route:
    """Return a route that only reads. answer: returns a value that JSON can represent; it runs in a thread."""

    async def endpoint(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(answer, request), headers={"cache-control": "no-store"})

    return Route(path, endpoint)


def changing_route(
    review: Review, path: str, change: Callable[[Request, dict[str, Any]], Any], *, steers: bool = False
) -> Route:
    """Return a route that changes something, for the page in control only.

    change: receives the request and its values, returns a value that JSON can represent, and runs in a thread. A live
    run of the project ends before, and continues afterwards, unless it only steers the runs.
    """

    async def endpoint(request: Request) -> Response:
        check_writer(review, request)
        values = await values_of(request)
        act = change if steers else partial(_without_live_run, review, change)
        return JSONResponse(await run_in_threadpool(act, request, values) or {})

    return Route(path, endpoint, methods=["POST"])


def upload_route(review: Review, path: str, use: Callable[[Request, str, bytes], Any]) -> Route:
    """Return a route that uses an uploaded file, for the page in control only. path: below ``gate.UPLOADS``.

    use: receives the request, the file's name and its contents, returns a value that JSON can represent, and runs in a
    thread.
    """

    async def endpoint(request: Request) -> Response:
        check_writer(review, request)
        async with request.form(max_files=1, max_fields=1) as form:
            given = form.get("picture")
            if not isinstance(given, UploadFile):
                raise ReviewError("expected a picture in the field picture; reload the page")
            content, name = await given.read(), given.filename or ""
        return JSONResponse(await run_in_threadpool(_without_live_run, review, use, request, name, content) or {})

    return Route(path, endpoint, methods=["POST"])


def _without_live_run(review: Review, act: Callable[..., Any], request: Request, *arguments: Any) -> Any:
    """Make a change of a project, if the request names one, between live runs."""
    if "id" not in request.path_params:
        return act(request, *arguments)
    root = review.roots.find(request.path_params["id"])
    with review.runs.yielding(root):
        answer = act(request, *arguments)
        if review.live.is_on(root):
            review.live.look(review.opened.open(root))
        return answer


def opened(review: Review, request: Request) -> ShownProject:
    """Return the project that a request names. Raises ReviewError if the roots have none of that id."""
    return review.opened.open(review.roots.find(request.path_params["id"]))


def part_of(project: ShownProject, request: Request) -> Part:
    """Return the part that the query of a request names, by default the whole shot."""
    return project.part(request.query_params.get("part", ""))


def check_writer(review: Review, request: Request) -> None:
    """Raise ProjectError for a request of a page that is not in control."""
    if not review.writers.may_write(request.headers.get("x-page", "")):
        raise ProjectError("another tab is in control of the project; take over to change it in this tab")


async def values_of(request: Request) -> dict[str, Any]:
    """Return the values of a request, whose body is a JSON object. Raises ReviewError for anything else."""
    try:
        values = json.loads(await request.body())
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise ReviewError("expected an object in JSON; reload the page")
    return values


def whole_number(request: Request, name: str) -> int:
    """Return a number of the query of a request. Raises ReviewError for anything else."""
    text = request.query_params.get(name, "")
    if not (text.isascii() and text.isdigit() and int(text) <= 1 << 14):
        raise ReviewError(f"expected a whole number as {name}, found {visible(text)!r}; reload the page")
    return int(text)


def width_of(request: Request) -> int:
    """Return the width in pixels in which a picture is asked for. Raises ReviewError for anything else."""
    if (width := whole_number(request, "width")) < 1:
        raise ReviewError("expected the width of a picture in pixels, found 0; reload the page")
    return width


def media_type_of(request: Request) -> str:
    """Return the media type in which a picture is asked for: lossless with ``exact=1``."""
    return PNG if request.query_params.get("exact") == "1" else JPEG


def picture_response(review: Review, request: Request, picture: FramePicture | None) -> Response:
    """Return the response with a picture; 404 without one, 304 if the browser has it."""
    if picture is None:
        return Response(status_code=404, headers={"cache-control": "no-store"})
    # The browser asks again each time, because a run or a person may have changed the file.
    headers = {"etag": f'"{picture.cache_key}"', "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(cached(picture, review.proxies), media_type=picture.media_type, headers=headers)
