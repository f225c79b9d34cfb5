"""Application of the review page: the routes of every area, behind the gate."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stylize.errors import ReviewError, StylizeError
from stylize.review.gate import Access, Gate
from stylize.review.routes import compare, handoff, keys, looking, mattes, notes, runs, settings, start
from stylize.review.server_state import Review
from stylize.visible_text import visible

# Areas of the page, whose modules have a function ``routes``.
AREAS = (looking, keys, runs, settings, mattes, compare, notes, handoff, start)


def make_app(review: Review, access: Access) -> Gate:
    """Return the application, behind its gate."""
    routes = [route for area in AREAS for route in area.routes(review)]
    return Gate(Starlette(routes=routes, exception_handlers={StylizeError: _refused, OSError: _failed}), access)


def _refused(request: Request, error: Exception) -> Response:
    """Return the response to a request that failed: the error in one line."""
    return JSONResponse({"error": visible(str(error))}, status_code=404 if isinstance(error, ReviewError) else 409)


def _failed(request: Request, error: Exception) -> Response:
    """Return the response to a request that a file or a folder has kept from being answered."""
    assert isinstance(error, OSError)
    line = f"{error.filename or 'a file'}: {error.strerror or error}; check the file, its folder and the free space"
    return JSONResponse({"error": visible(line)}, status_code=409)
