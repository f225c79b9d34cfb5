"""Template of the report page: markup, style sheet and script. Markers such as `@NAME@` are replaced."""

from stylize.sheets.design import DARK, LIGHT, css_variables, hex_colour
from stylize.sheets.heat_map import heat_colours

# Beginning of the pages of earlier versions.
FORMER_BEGINNING = (
    '<!doctype html>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n<title>'
)


def _gradient() -> str:
    stops = [hex_colour((int(r), int(g), int(b))) for r, g, b in heat_colours()[::17]]
    return f"linear-gradient(to right, {', '.join(stops)})"


_STYLE = (
    f"""
:root {{ color-scheme: dark light; {css_variables(DARK)} }}
@media (prefers-color-scheme: light) {{ :root {{ {css_variables(LIGHT)} }} }}
/* Pictures are judged on a dark, neutral ground in both schemes. */
.stage {{ color-scheme: dark; {css_variables(DARK)} background: var(--ground); color: var(--text); }}
"""
    """
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; background: var(--ground); color: var(--text); margin: 0; }
main { max-width: 1120px; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1, h2, h3 { font-weight: 650; line-height: 1.2; } h1 { font-size: 2rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.4rem; margin: 0 0 1rem; } h3 { font-size: 1.05rem; margin: 1.5rem 0 .5rem; }
.muted, figcaption, caption, dt, th { color: var(--muted); font-weight: 400; }
section { border-top: 1px solid var(--rule); margin-top: 2rem; padding-top: 1.5rem; }
header { display: flex; gap: 2rem; justify-content: space-between; align-items: flex-start; flex-wrap: wrap; }
header > div { flex: 1 1 30rem; } header > .references { flex: 0 1 auto; }
dl { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 1rem 0; } dl div { max-width: 100%; }
dt { font-size: .85rem; } dd { margin: 0; overflow-wrap: anywhere; }
.references { display: flex; gap: 1rem; flex-wrap: wrap; } .references figure { margin: 0; }
.references img { height: 110px; width: auto; max-width: 100%; }
.verdict { display: flex; gap: .75rem; align-items: flex-start; margin: 1.25rem 0; }
.verdict svg { width: 28px; height: 28px; flex: none; margin-top: .1rem; }
.verdict b { font-size: 1.2rem; font-weight: 650; } .verdict ul { margin: .35rem 0 0; padding-left: 1.2rem; }
.good b { color: var(--good); } .fair b { color: var(--fair); } .poor b { color: var(--poor); }
.good svg { fill: var(--good); } .fair svg { fill: var(--fair); } .poor svg { fill: var(--poor); }
.verdict svg path + path { fill: var(--ground); }
.stage { border-radius: 8px; padding: 1rem; }
.stage img { display: block; margin: 0 auto; min-width: min(100%, 640px); max-width: 100%; max-height: 78vh;
             object-fit: contain; }
.controls { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: center; margin-top: .75rem; }
.controls label { cursor: pointer; } .controls input[type=range] { flex: 1 1 14rem; accent-color: var(--curve); }
.controls input[type=radio] { accent-color: var(--curve); } output { min-width: 8ch; }
.heat { display: flex; gap: .5rem; align-items: center; flex-wrap: wrap; font-size: .85rem; color: var(--muted);
        margin: .75rem 0 0; }
.heat i { width: 180px; height: 14px; display: inline-block; }
button { font: inherit; background: var(--panel); color: inherit; border: 1px solid var(--muted); border-radius: 4px;
         padding: .15rem .8rem; cursor: pointer; }
:focus-visible { outline: 2px solid var(--curve); outline-offset: 2px; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; margin-bottom: 1rem; }
caption { text-align: left; padding: 0 0 .4rem; }
td, th { text-align: left; padding: .35rem 1.2rem .35rem 0; vertical-align: top; border-top: 1px solid var(--rule); }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure { margin: 1.25rem 0; } figcaption b { color: var(--text); } figcaption i { font-style: normal; float: right; }
.plot { display: flex; gap: .5rem; } .plot svg { flex: 1; height: 96px; background: var(--panel); }
.scale { display: flex; flex-direction: column; justify-content: space-between; width: 4.5rem; text-align: right; }
.scale, .axis { font-size: .8rem; color: var(--muted); font-variant-numeric: tabular-nums; }
.axis { display: flex; justify-content: space-between; padding-left: 5rem; }
polyline { fill: none; stroke: var(--curve); stroke-width: 2; vector-effect: non-scaling-stroke; }
circle { fill: var(--curve); } .key { stroke: var(--key); } .zero { stroke: var(--rule); }
.key, .zero { vector-effect: non-scaling-stroke; stroke-width: 1; }
.swatch { display: inline-block; width: 2px; height: 1em; background: var(--key); vertical-align: -.15em; }
.sheet { max-width: 100%; display: block; }
@media print { #player { display: none; } }
"""
)

_SCRIPT = """
const frames = @DATA@;
const player = document.getElementById("player"), picture = player.querySelector("img");
const range = player.querySelector("input[type=range]"), caption = player.querySelector("output");
const play = document.getElementById("play");
const names = {1: "plate", 2: "result", 3: "error"};
let view = 2, held = 0, timer = null;
function show() {
  const frame = frames[+range.value], shown = held || view;
  picture.src = frame[shown] || frame[2];
  picture.alt = names[shown] + " of frame " + frame[0];
  caption.textContent = "frame " + frame[0];
  range.setAttribute("aria-valuetext", "frame " + frame[0]);
}
function stop() { clearInterval(timer); timer = null; play.textContent = "Play"; }
range.max = frames.length - 1;
range.oninput = show;
for (const choice of player.querySelectorAll("input[type=radio]")) {
  choice.onchange = () => { view = +choice.value; show(); };
}
picture.onpointerdown = () => { held = 1; show(); };
picture.onpointerup = picture.onpointerleave = () => { if (held) { held = 0; show(); } };
play.onclick = () => {
  if (timer) { stop(); return; }
  play.textContent = "Stop";
  timer = setInterval(() => { range.value = (+range.value + 1) % frames.length; show(); }, 80);
};
for (const jump of document.querySelectorAll("button[data-frame]")) {
  jump.onclick = () => {
    stop();
    range.value = frames.findIndex(one => one[0] === +jump.dataset.frame);
    show();
    player.scrollIntoView({block: "nearest"});
    range.focus({preventScroll: true});
  };
}
show();
"""

PAGE = (
    """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>@NAME@</title>
<style>"""
    + _STYLE
    + f".heat i {{ background: {_gradient()}; }}\n"
    + """</style>
<main>
<header><div><h1>@NAME@</h1>
<div class="muted">@FACTS@</div>
<dl>@OPTIONS@</dl>
@VERDICT@</div>
<div class="references">@REFERENCES@</div></header>
<section id="player" class="stage" aria-label="Player"><img alt="result of the first frame" src="@FIRST@">
<div class="controls"><button id="play" type="button">Play</button>
<input type="range" min="0" value="0" aria-label="Frame"><output></output>
<label><input type="radio" name="view" value="2" checked> Result</label>
<label><input type="radio" name="view" value="1"> Plate</label>@ERROR_CHOICE@</div>
@HEAT@<noscript><p class="muted">The player needs JavaScript; the rest of the page does not.</p></noscript>
<p class="muted">Hold the picture to see the plate.</p></section>
@SHOTS@
<section><h2>Contact sheet</h2><img class="sheet" alt="Plates, keys, results and errors of selected frames"
src="@STRIP@"></section>
</main>
<script>"""
    + _SCRIPT
    + "</script>\n"
)
# Part of the page that is the same for all projects.
PAGE_BEGINNING = PAGE.partition("@NAME@")[0]
