"""After Effects: a script (.jsx) that imports plate, result, mattes and foregrounds and builds the comps.

The script is ECMAScript 3, the version that ExtendScript supports. It looks for files where they were written, then at
the same path relative to the script, so that a folder can be moved.
"""

import json
import os
from pathlib import Path
from typing import Any

from stylize.interchange.timelines.timeline import Event, Media, Timeline


def jsx_of(timeline: Timeline, folder: Path) -> str:
    """Return the text of the script. folder: of the script.

    Layers from below: plate, result, matte (hidden). Markers on the comp's timeline are at keyframes. The comp has the
    length and the start time code of the timeline. If there are foregrounds, a second comp has the plate, the
    foregrounds from the lowest, their mattes and the combined foreground (hidden).
    """
    foregrounds = timeline.foregrounds
    media = [("plate", timeline.plate), ("result", timeline.result)] + (
        [("matte", timeline.matte)] if timeline.matte else []
    )
    hidden = [*foregrounds.mattes, *([foregrounds.combined] if foregrounds.combined else [])]
    stack = [("plate", timeline.plate), *((one.name, one) for one in (*foregrounds.layers, *hidden))]
    hidden_names = {"matte", *(one.name for one in hidden)}
    comps = [(timeline.name, media)] + ([(f"{timeline.name} layers", stack)] if foregrounds.layers else [])
    description = {
        "name": timeline.name,
        "width": timeline.size[0],
        "height": timeline.size[1],
        "pixelAspect": float(timeline.pixel_aspect),
        "rate": float(timeline.rate),
        "frames": timeline.count,
        "start": timeline.start,
        "dropFrame": timeline.drop_frame,
        "media": [_media_entry(name, medium, folder) for name, medium in dict([*media, *stack]).items()],
        "comps": [
            {"name": name, "layers": [{"layer": layer, "shown": layer not in hidden_names} for layer, _ in layers]}
            for name, layers in comps
        ],
        "shots": [_shot_entry(timeline, event) for event in timeline.events],
    }
    # json escapes non-ASCII characters, so that the script does not depend on the encoding it is read in.
    return _SCRIPT.replace("@CUT@", json.dumps(description, indent=2))


def _media_entry(name: str, media: Media, folder: Path) -> dict[str, Any]:
    file = media.file()
    return {
        "layer": name,
        "file": file.as_posix(),
        "near": Path(os.path.relpath(file, folder)).as_posix(),
        "sequence": media.pattern is not None,
        "alpha": media.alpha or "ignore",
        "frames": media.count,
        "numbers": _numbers(media),
    }


def _numbers(media: Media) -> dict[str, Any] | None:
    """Return the file naming of a sequence; None for a movie."""
    if media.pattern is None:
        return None
    return {
        "first": media.first,
        "padding": media.pattern.padding,
        "prefix": media.pattern.prefix,
        "suffix": media.pattern.suffix,
    }


def _shot_entry(timeline: Timeline, event: Event) -> dict[str, Any]:
    return {
        "name": event.name,
        "at": event.at,
        "frames": event.count,
        "from": {"plate": event.plate_in, "others": event.result_in},
        "keys": [{"at": event.at + key - event.number, "frame": key} for key in event.keys],
    }


_SCRIPT = """\
// Run with File > Scripts > Run Script File. Builds the comps; one step of undo takes them away again.
(function () {
    var cut = @CUT@;

    function seconds(frames) {
        return frames / cut.rate;
    }

    function found(medium) {
        var file = new File(medium.file);
        if (!file.exists) {
            file = new File(File($.fileName).parent.fsName + "/" + medium.near);
        }
        if (!file.exists) {
            throw new Error("stylize: " + medium.layer + " was not found: " + medium.file);
        }
        return file;
    }

    function beside(file, medium, number) {
        var digits = String(number);
        while (digits.length < medium.numbers.padding) {
            digits = "0" + digits;
        }
        return new File(file.parent.fsName + "/" + medium.numbers.prefix + digits + medium.numbers.suffix);
    }

    // Pictures that follow each other before the first one that is meant (step -1), or behind the last one (step 1).
    function more(file, medium, number, step) {
        var count = 0;
        while (number + step >= 0 && beside(file, medium, number + step).exists) {
            number += step;
            count += 1;
        }
        return count;
    }

    // A sequence is imported as far as its numbers go on, which may be further than the shot: so many frames too early.
    function ahead(item, file, medium) {
        var before, behind, last;
        if (!medium.sequence) {
            return 0;
        }
        last = medium.numbers.first + medium.frames - 1;
        before = more(file, medium, medium.numbers.first, -1);
        behind = more(file, medium, last, 1);
        return Math.round(item.duration * cut.rate) === before + medium.frames + behind ? before : 0;
    }

    function imported(medium) {
        var file = found(medium);
        var options = new ImportOptions(file);
        var item, source;
        options.sequence = medium.sequence;
        if (medium.sequence) {
            options.forceAlphabetical = false;
        }
        item = app.project.importFile(options);
        item.name = cut.name + " " + medium.layer;
        source = item.mainSource;
        // Sequences have no rate of their own, and movies get exactly the cut's.
        source.conformFrameRate = cut.rate;
        if (source.hasAlpha) {
            if (medium.alpha === "premultiplied") {
                source.alphaMode = AlphaMode.PREMULTIPLIED;
                source.premulColor = [0, 0, 0];
            } else if (medium.alpha === "straight") {
                source.alphaMode = AlphaMode.STRAIGHT;
            } else {
                source.alphaMode = AlphaMode.IGNORE;
            }
        }
        medium.ahead = ahead(item, file, medium);
        return item;
    }

    function place(comp, medium, shot, shown) {
        var layer = comp.layers.add(medium.item);
        var from = medium.layer === "plate" ? shot.from.plate : shot.from.others;
        layer.name = shot.name + " " + medium.layer;
        layer.startTime = seconds(shot.at - from - medium.ahead);
        layer.inPoint = seconds(shot.at);
        layer.outPoint = seconds(shot.at + shot.frames);
        layer.enabled = shown;
        return layer;
    }

    function mark(comp, shot) {
        var i, key;
        for (i = 0; i < shot.keys.length; i += 1) {
            key = shot.keys[i];
            comp.markerProperty.setValueAtTime(seconds(key.at), new MarkerValue("key " + key.frame));
        }
    }

    // Layers from below: each one that is added lies above those before it.
    function stacked(told, media) {
        var comp = app.project.items.addComp(
            told.name, cut.width, cut.height, cut.pixelAspect, seconds(cut.frames), cut.rate
        );
        var i, j;
        comp.displayStartTime = seconds(cut.start);
        comp.dropFrame = cut.dropFrame;
        for (i = 0; i < told.layers.length; i += 1) {
            for (j = 0; j < cut.shots.length; j += 1) {
                place(comp, media[told.layers[i].layer], cut.shots[j], told.layers[i].shown);
            }
        }
        for (j = 0; j < cut.shots.length; j += 1) {
            mark(comp, cut.shots[j]);
        }
        return comp;
    }

    function build() {
        var media = {}, comps = [];
        var i;
        for (i = 0; i < cut.media.length; i += 1) {
            cut.media[i].item = imported(cut.media[i]);
            media[cut.media[i].layer] = cut.media[i];
        }
        for (i = 0; i < cut.comps.length; i += 1) {
            comps.push(stacked(cut.comps[i], media));
        }
        return comps[0];
    }

    app.beginUndoGroup("stylize " + cut.name);
    try {
        build().openInViewer();
    } finally {
        app.endUndoGroup();
    }
}());
"""
