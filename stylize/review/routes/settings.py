"""Routes of settings: their editor, presets and references."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stylize.errors import InputError, ReviewError
from stylize.review.preset_files import apply_preset, preset_states, save_as_preset
from stylize.review.reference_files import add_reference, remove_reference
from stylize.review.reference_picture import reference_picture
from stylize.review.routes.requests import answer_route, changing_route, opened, upload_route
from stylize.review.server_state import Review
from stylize.review.settings_editor import change_settings, editor_state
from stylize.visible_text import visible


def routes(review: Review) -> list[Route]:
    """Return the routes of this area."""
    settings = _Settings(review)
    return [
        answer_route(review, "/api/project/{id}/settings", settings.read),
        Route("/api/project/{id}/reference/{number:int}", settings.picture),
        changing_route(review, "/api/project/{id}/settings", settings.change),
        changing_route(review, "/api/project/{id}/preset", settings.preset),
        changing_route(review, "/api/project/{id}/save-preset", settings.save),
        changing_route(review, "/api/project/{id}/remove-reference", settings.remove_reference),
        upload_route(review, "/upload/{id}/reference", settings.add_reference),
    ]


class _Settings:
    """Handlers of the requests of this area."""

    def __init__(self, review: Review) -> None:
        self._review = review

    def read(self, request: Request) -> dict[str, Any]:
        """Return the options with their values, the references and the presets."""
        project = opened(self._review, request)
        references = [visible(path.name) for path in project.settings.references]
        return editor_state(project) | {
            "references": references, "presets": preset_states(self._review.roots, project),
        }  # fmt: skip

    def picture(self, request: Request) -> Response:
        """Return a small picture of a reference."""
        project = opened(self._review, request)
        try:
            content = reference_picture(project, request.path_params["number"])
        except InputError:
            content = None
        if content is None:
            return Response(status_code=404)
        return Response(content, media_type="image/jpeg", headers={"cache-control": "no-cache"})

    def change(self, request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Change options. values: their texts by name; None for the default."""
        return {"command": change_settings(opened(self._review, request), self._review.roots, values)}

    def preset(self, request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Apply a preset."""
        project = opened(self._review, request)
        return {"command": apply_preset(self._review.roots, project, str(values.get("preset")))}

    def save(self, request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Save the look as a preset."""
        return {"command": save_as_preset(opened(self._review, request), str(values.get("name")))}

    def add_reference(self, request: Request, name: str, content: bytes) -> dict[str, Any]:
        """Add an uploaded picture to the references."""
        return {"command": add_reference(opened(self._review, request), name, content)}

    def remove_reference(self, request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Remove a reference from the look."""
        number = values.get("number")
        if not isinstance(number, int):
            raise ReviewError("expected the number of a reference; reload the page")
        return {"command": remove_reference(opened(self._review, request), number)}
