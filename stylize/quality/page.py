"""HTML page of a report: a self-contained file with tables, curves and a player that toggles plate and result."""

import html
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from stylize.visible_text import visible

# Name in the data, title, note, and minimum top of the scale, which keeps a curve of tiny values flat.
CURVES = (
    ("error", "Error", "difference between the result and its target; add a key where it is high", 0.02),
    ("flicker", "Flicker", "change along the motion beyond that of the plates; above 0 is visible flicker", 0.01),
    ("sharpness", "Sharpness", "finest detail relative to that of the keys; 1 is equally sharp", 1.0),
    ("drift", "Colour drift", "distance of the mean colour from that of the keys", 0.02),
    ("agreement", "Agreement", "similarity of the two surrounding keys, warped to the frame; 1 is identical", 1.0),
    ("ghosting", "Ghosting", "share of the keys' detail that is visible twice; highest for a plain cross-fade", 0.1),
)
_WIDTH, _HEIGHT = 860, 90


def page_of(figures: Mapping[str, Any], pictures: Sequence[tuple[int, str, str]], contact_sheet: str) -> str:
    """Return the HTML. figures: as returned by ``project_report.figures``. pictures: frame, plate and result as data
    URLs, for the frames that the player shows. contact_sheet: as a data URL."""
    shots = "".join(_shot(number, shot) for number, shot in enumerate(figures["shots"], 1))
    data = json.dumps([[frame, plate, result] for frame, plate, result in pictures])
    content = {
        "NAME": _text(figures["name"]), "SHOTS": shots, "STRIP": html.escape(contact_sheet),
        "FACTS": _text(figures["facts"]),
        # Inside a script, HTML interprets some tags even within strings.
        "DATA": data.replace("<", "\\u003c"),
    }  # fmt: skip
    # All in one pass, because a name may look like one of the markers.
    return re.sub(f"@({'|'.join(content)})@", lambda marker: content[marker[1]], _PAGE)


def _text(value: object) -> str:
    """Return text for HTML, with escapes for invisible characters (see `visible_text`)."""
    return html.escape(visible(str(value)))


def _shot(number: int, shot: Mapping[str, Any]) -> str:
    first, last = shot["frames"][0]["frame"], shot["frames"][-1]["frame"]
    which = f"frame {first}" if first == last else f"frames {first}&ndash;{last}"
    keys = "".join(
        f"<tr><td>{key['frame']}<td>{_text(key['reason'])}<td>{_number(key['pop'])}<td>{_agreement(key['agreement'])}"
        for key in shot["keys"]
    )
    summary = "".join(f"<tr><th>{_text(name)}<td>{_number(value)}" for name, value in shot["summary"].items())
    curves = "".join(_curve(shot, *curve) for curve in CURVES)
    return (
        f"<section><h2>Shot {number}: {which}</h2><div class=side><table><caption>Over the shot"
        f"</caption>{summary}</table><table><caption>Keys</caption><tr><th>frame<th>reason<th>pop"
        f"<th>compared with the previous key{keys}</table></div>"
        f"{curves}</section>"
    )


def _agreement(figures: Mapping[str, Any] | None) -> str:
    if figures is None:
        return "&ndash;"
    flagged = "does not agree: " if figures["outlier"] else ""
    return f"{flagged}colour {_number(figures['colour'])}, structure {_number(figures['structure'])}"


def _curve(shot: Mapping[str, Any], name: str, title: str, note: str, min_top: float) -> str:
    frames = [(entry["frame"], entry[name]) for entry in shot["frames"] if entry[name] is not None]
    if not frames:
        return ""
    first, last = shot["frames"][0]["frame"], max(shot["frames"][-1]["frame"], shot["frames"][0]["frame"] + 1)
    low, high = min(0.0, *(value for _, value in frames)), max(min_top, *(value for _, value in frames))

    def x(frame: float) -> float:
        return 4 + (frame - first) / (last - first) * (_WIDTH - 8)

    def y(value: float) -> float:
        return _HEIGHT - 4 - (value - low) / (high - low) * (_HEIGHT - 8)

    line = " ".join(f"{x(frame):.1f},{y(value):.1f}" for frame, value in frames)
    key_lines = "".join(
        f"<line class=key x1={x(key['frame']):.1f} x2={x(key['frame']):.1f} y1=0 y2={_HEIGHT} />"
        for key in shot["keys"]
    )
    return (
        f"<figure><figcaption><b>{title}</b> {_text(note)} <i>{_number(low)} to {_number(high)}</i></figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" data-first={first} data-last={last}>{key_lines}'
        f'<line class=zero x1=0 x2={_WIDTH} y1={y(0):.1f} y2={y(0):.1f} /><polyline points="{line}" /></svg></figure>'
    )


def _number(value: float | None) -> str:
    return "&ndash;" if value is None else f"{value:.4g}"


_PAGE = """<!doctype html>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>@NAME@</title>
<style>
:root { color-scheme: dark; }
body { font: 15px/1.45 system-ui, sans-serif; background: #16171a; color: #dedfe2; margin: 2rem auto; max-width: 900px;
       padding: 0 1rem; }
h1, h2 { font-weight: 600; } h1 { margin-bottom: 0; } p, figcaption, caption, th { color: #8a8d96; }
section { border-top: 1px solid #33353b; margin-top: 2rem; }
figure { margin: 1rem 0; } figcaption b { color: #dedfe2; } figcaption i { float: right; }
svg { width: 100%; background: #1f2024; display: block; } polyline { fill: none; stroke: #6fb3ff; stroke-width: 1.5; }
.key { stroke: #ffb84d; stroke-width: 1; } .zero { stroke: #44464d; stroke-width: 1; }
table { border-collapse: collapse; } caption { text-align: left; padding: .3rem 0; }
td, th { text-align: left; padding: .15rem .8rem .15rem 0; font-weight: 400; vertical-align: top; }
.side { display: flex; gap: 3rem; flex-wrap: wrap; align-items: flex-start; } img { max-width: 100%; display: block; }
#player img { width: 100%; background: #000; cursor: pointer; } #player input { width: 100%; }
button { font: inherit; background: #2a2c31; color: inherit; border: 1px solid #44464d; border-radius: 4px;
         padding: .2rem .8rem; }
</style>
<h1>@NAME@</h1>
<p>@FACTS@</p>
<div id="player"><img alt="plate or result"><input type="range" min="0" value="0">
<p><button id="play">Play</button> <button id="flip">Show plate</button> <span></span>
Click the picture, or hold it, to see the plate.</p></div>
@SHOTS@
<section><h2>Plates, keys, results</h2><img alt="contact sheet" src="@STRIP@"></section>
<script>
const frames = @DATA@;
const player = document.getElementById("player"), picture = player.querySelector("img");
const range = player.querySelector("input"), caption = player.querySelector("span");
const flip = document.getElementById("flip"), play = document.getElementById("play");
let plate = false, timer = null;
function show() {
  const [frame, before, after] = frames[+range.value];
  picture.src = plate ? before : after;
  caption.textContent = "frame " + frame + ", " + (plate ? "plate" : "result") + ". ";
  flip.textContent = plate ? "Show result" : "Show plate";
}
function turn(to) { plate = to; show(); }
range.max = frames.length - 1;
range.oninput = show;
flip.onclick = () => turn(!plate);
picture.onmousedown = () => turn(true);
picture.onmouseup = picture.onmouseleave = () => plate && turn(false);
play.onclick = () => {
  play.textContent = timer ? "Play" : "Stop";
  if (timer) { clearInterval(timer); timer = null; return; }
  timer = setInterval(() => { range.value = (+range.value + 1) % frames.length; show(); }, 80);
};
show();
</script>
"""
# Part of the page that is the same for all projects.
PAGE_BEGINNING = _PAGE.partition("@")[0]
