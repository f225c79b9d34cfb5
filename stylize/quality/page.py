"""HTML page of a report: a self-contained file with a verdict, a player, the worst frames, tables and curves."""

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stylize.delivery.result_verdict import percentage
from stylize.quality.curve import MEASURES, curve
from stylize.quality.page_template import PAGE
from stylize.visible_text import visible

# Meaning of each figure in a shot's summary.
MEANINGS = {
    "error": "root mean square difference between the result and its warped keys, inside the matte",
    "agreement of the keys": "similarity of the two surrounding keys, warped to a frame; 100 % is identical",
    "flicker above the plates": "change along the motion beyond that of the plates; above 0 % is visible flicker",
    "largest pop at a key": "by how much the change at a key exceeds the changes around it",
    "ghosting": "share of the detail of the two keys that is visible twice",
    "sharpness against keys": "finest detail, relative to that of the keys; 100 % is equally sharp",
    "colour drift": "distance of the mean colour from that of the keys",
    "leak outside the matte": "largest difference from the plate where the matte is 0; 0 % is expected",
    "lowest confidence of the mattes": "expected overlap of the weakest matte with the subject",
}
# Verdicts differ in shape as well as in colour: a disc with a tick, a triangle with a mark, a square with a cross.
_SYMBOLS = {
    "good": "M14 1a13 13 0 1 0 0 26a13 13 0 1 0 0-26z|M7 14.5l2.2-2.2 3.2 3.2 6.6-6.8 2.2 2.2-8.8 9z",
    "fair": "M14 2l13 23H1z|M12.6 10h2.8v8h-2.8zM12.6 20h2.8v2.8h-2.8z",
    "poor": "M2 2h24v24H2z|M8 10l2-2 4 4 4-4 2 2-4 4 4 4-2 2-4-4-4 4-2-2 4-4z",
}


# Headings of columns with numbers, which are right-aligned.
_NUMBERS = {"error", "value", "pop"}


@dataclass(frozen=True)
class FramePictures:
    """Pictures of a frame as data URLs; error is the heat map of its error, empty if it has none."""

    frame: int
    plate: str
    result: str
    error: str = ""


def page_of(
    figures: Mapping[str, Any], pictures: Sequence[FramePictures], contact_sheet: str,
    references: Sequence[tuple[str, str]] = (), heat_top: float = 0.0,
) -> str:  # fmt: skip
    """Return the HTML.

    figures: as returned by ``project_report.figures``. pictures: at least one, of the frames that the player shows.
    contact_sheet: as a data URL. references: name, and picture as a data URL. heat_top: error of the lightest colour.
    """
    data = json.dumps([[one.frame, one.plate, one.result, one.error] for one in pictures])
    measured = any(one.error for one in pictures)
    content = {
        "NAME": _text(figures["name"]), "SHOTS": _shots(figures["shots"]), "STRIP": html.escape(contact_sheet),
        "FACTS": _text(figures["facts"]), "OPTIONS": _options(figures["options"]),
        "VERDICT": _verdict(figures["verdict"]), "REFERENCES": "".join(_reference(*one) for one in references),
        "FIRST": html.escape(pictures[0].result),
        "ERROR_CHOICE": '\n<label><input type="radio" name="view" value="3"> Error</label>' if measured else "",
        "HEAT": _heat_legend(heat_top) if measured else "",
        # Inside a script, HTML interprets some tags even within strings.
        "DATA": data.replace("<", "\\u003c"),
    }  # fmt: skip
    # All in one pass, because a name may look like one of the markers.
    return re.sub(f"@({'|'.join(content)})@", lambda marker: content[marker[1]], PAGE)


def _text(value: object) -> str:
    """Return text for HTML, with escapes for invisible characters (see `visible_text`)."""
    return html.escape(visible(str(value)))


def _options(options: Mapping[str, str]) -> str:
    return "".join(f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in options.items())


def _verdict(verdict: Mapping[str, Any]) -> str:
    ground, mark = _SYMBOLS[verdict["level"]].split("|")
    advice = "".join(f"<li>{_text(sentence)}</li>" for sentence in verdict["advice"])
    symbol = f'<svg viewBox="0 0 28 28" aria-hidden="true"><path d="{ground}"/><path d="{mark}"/></svg>'
    words = f"<b>{_text(verdict['text'])}</b>{f'<ul>{advice}</ul>' if advice else ''}"
    return f'<div class="verdict {verdict["level"]}">{symbol}<div>{words}</div></div>'


def _reference(name: str, picture: str) -> str:
    alternative = html.escape(visible(name), quote=True)
    return (
        f'<figure><img alt="reference {alternative}" src="{html.escape(picture)}">'
        f"<figcaption>{_text(name)}</figcaption></figure>"
    )


def _heat_legend(top: float) -> str:
    bar, high = '<i aria-hidden="true"></i>', f"{100 * top:g} % of the full range, from dark blue to light yellow"
    return f'<p class="heat">Error: 0 % {bar} {high}</p>\n'


def _shots(shots: Sequence[Mapping[str, Any]]) -> str:
    return "".join(_shot(number, shot) for number, shot in enumerate(shots, 1))


def _shot(number: int, shot: Mapping[str, Any]) -> str:
    first, last = shot["frames"][0]["frame"], shot["frames"][-1]["frame"]
    which = f"frame {first}" if first == last else f"frames {first}&ndash;{last}"
    curves = "".join(curve(shot, measure) for measure in MEASURES)
    return (
        f"<section><h2>Shot {number}: {which}</h2>{_worst(shot)}{_summary(shot)}{_keys(shot)}"
        f'<h3>Frame by frame</h3><p class="muted"><span class="swatch"></span> key</p>{curves}</section>'
    )


def _worst(shot: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<tr><td><button type="button" data-frame="{one["frame"]}">Frame {one["frame"]}</button>'
        f'<td class="number">{percentage(one["error"])}<td>{_nearest(one)}<td>{_text(one["advice"])}'
        for one in shot["worst frames"]
    )
    if not rows:
        return ""
    return _table("Worst frames", ("frame", "error", "nearest key", "what would help"), rows)


def _nearest(worst: Mapping[str, Any]) -> str:
    key = worst["nearest key"]
    if key is None:
        return "&ndash;"
    distance = abs(key - worst["frame"])
    return f"{key}, {'1 frame' if distance == 1 else f'{distance} frames'} away"


def _summary(shot: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{_text(name)}<td class="number">{_percent(value)}<td>{_text(MEANINGS.get(name, ""))}'
        for name, value in shot["summary"].items()
    )
    return _table("Over the shot", ("measure", "value", "meaning"), rows)


def _keys(shot: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{key["frame"]}<td>{_text(key["reason"])}<td class="number">{_percent(key["pop"])}'
        f"<td>{_agreement(key['agreement'])}"
        for key in shot["keys"]
    )
    return _table("Keys", ("key", "reason", "pop", "compared with the previous key"), rows) if rows else ""


def _table(caption: str, headings: Sequence[str], rows: str) -> str:
    head = "".join(
        f'<th scope="col"{" class=number" if heading in _NUMBERS else ""}>{heading}' for heading in headings
    )  # fmt: skip
    return f'<h3>{caption}</h3><div class="wide"><table><thead><tr>{head}</thead><tbody>{rows}</tbody></table></div>'


def _agreement(figures: Mapping[str, Any] | None) -> str:
    if figures is None:
        return "&ndash;"
    flagged = "does not agree: " if figures["outlier"] else ""
    colour, structure = percentage(figures["colour"]), percentage(figures["structure"])
    return f"{flagged}colour differs by {colour}, structure is alike by {structure}"


def _percent(value: float | None) -> str:
    return "&ndash;" if value is None else percentage(value)
