"""Routes of notes on frames, and of approval."""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

import stylize
from stylize.review.note_changes import change_note, export_notes, note_values
from stylize.review.routes.requests import answer_route, changing_route, opened
from stylize.review.server_state import Review
from stylize.visible_text import visible


def routes(review: Review) -> list[Route]:
    """Return the routes of this area."""

    def root_of(request: Request) -> Path:
        return review.roots.find(request.path_params["id"])

    def notes(request: Request) -> dict[str, Any]:
        """Return the notes of a project."""
        return {"notes": note_values(root_of(request)), "kinds": list(stylize.NOTE_EXPORTS)}

    def change(request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Add, edit or remove a note."""
        command = change_note(opened(review, request), values).command
        review.events.send({"type": "notes", "project": request.path_params["id"]})
        return {"command": command}

    def export(request: Request, values: dict[str, Any]) -> dict[str, Any]:
        """Export the notes as markers and as a sheet."""
        done = export_notes(root_of(request), values.get("kinds"))
        return {"command": done.command, "files": [visible(str(path)) for path in done.files]}

    return [
        answer_route(review, "/api/project/{id}/notes", notes),
        changing_route(review, "/api/project/{id}/note", change),
        changing_route(review, "/api/project/{id}/notes/export", export),
    ]
