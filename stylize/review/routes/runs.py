"""Routes of runs: start, pause, resume, cancel and remove tasks."""

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from stylize.errors import ReviewError
from stylize.review.actions import command_of, read_action_options
from stylize.review.reach import check_reach
from stylize.review.routes.requests import changing_route, opened
from stylize.review.server_state import Review


def routes(review: Review) -> list[Route]:
    """Return the routes of this area."""
    runs = _Runs(review)
    return [
        changing_route(review, "/api/project/{id}/start", runs.start, steers=True),
        changing_route(review, "/api/project/{id}/cost", runs.cost, steers=True),
        changing_route(review, "/api/project/{id}/resume", runs.resume, steers=True),
        changing_route(review, "/api/project/{id}/remove", runs.remove, steers=True),
        changing_route(review, "/api/project/{id}/live", runs.live, steers=True),
        changing_route(review, "/api/pause", runs.pause, steers=True),
        changing_route(review, "/api/cancel", runs.cancel, steers=True),
    ]


class _Runs:
    """Handlers of the requests of this area."""

    def __init__(self, review: Review) -> None:
        self._review = review

    def start(self, request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Add a task: a run, a plan or a report. options: of the command, by name."""
        root, options = self._review.roots.find(request.path_params["id"]), _options(values)
        action = str(values.get("action"))
        check_reach(self._review.roots, root, read_action_options(action, options))
        task = self._review.runs.start(root, action, options)
        return {"command": command_of(root, task.action, task.options), "task": task.id}

    def cost(self, request: Request, values: dict[str, Any]) -> None:
        """Determine what a run would do; the answer is an event."""
        root, options = self._review.roots.find(request.path_params["id"]), _options(values)
        check_reach(self._review.roots, root, read_action_options("run", options))
        self._review.runs.find_cost(root, options)

    def resume(self, request: Request, values: dict[str, Any]) -> None:
        """Let the paused tasks of a project continue."""
        self._review.runs.resume(self._review.roots.find(request.path_params["id"]))

    def remove(self, request: Request, values: dict[str, Any]) -> None:
        """Remove a task from the queue."""
        number = values.get("task")
        if not isinstance(number, int):
            raise ReviewError("expected the number of a task; reload the page")
        self._review.runs.remove(self._review.roots.find(request.path_params["id"]), number)

    def live(self, request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Turn live mode on or off. scale: of its drafts, none for the default."""
        project, scale = opened(self._review, request), values.get("scale")
        if values.get("on") is not True:
            self._review.live.turn_off(project.root)
        else:
            self._review.live.turn_on(project, None if scale is None else str(scale))
        self._review.events.send(self._review.live_event())
        return {"command": self._review.live.command_of(project.root)}

    def pause(self, request: Request, values: dict[str, Any]) -> None:
        """Pause the task in progress."""
        self._review.runs.pause()

    def cancel(self, request: Request, values: dict[str, Any]) -> None:
        """Cancel the task in progress."""
        self._review.runs.cancel()


def _options(values: dict[str, Any]) -> dict[str, Any]:
    options = values.get("options", {})
    if not isinstance(options, dict):
        raise ReviewError("expected options by name; reload the page")
    return options
