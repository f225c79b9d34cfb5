"""After Effects: a script (.jsx) that imports plate, result, mattes and foregrounds and builds the comps.

It is ECMAScript 3, which is all that ExtendScript knows. Files are looked for where they were written, and else at
the same place seen from the script, so that a folder may move.
"""

import json
import os
from pathlib import Path
from typing import Any

from stylize.interchange.timelines.timeline import Cut, Event, Media


def jsx_of(cut: Cut, beside: Path) -> str:
    """The text of the script. beside: the folder it will lie in.

    Layers from below: plate, result, matte (hidden). Markers on the comp's timeline stand at keyframes. The comp is as
    long as the cut and counts its time code from the cut's start. Where there are foregrounds, a second comp has plate,
    foregrounds from the lowest, their mattes and the foreground of all (hidden).
    """
    fronts = cut.fronts
    media = [("plate", cut.plate), ("result", cut.result)] + ([("matte", cut.matte)] if cut.matte else [])
    hidden = [*fronts.mattes, *([fronts.together] if fronts.together else [])]
    stack = [("plate", cut.plate), *((one.name, one) for one in (*fronts.layers, *hidden))]
    unseen = {"matte", *(one.name for one in hidden)}
    comps = [(cut.name, media)] + ([(f"{cut.name} layers", stack)] if fronts.layers else [])
    told = {
        "name": cut.name,
        "width": cut.size[0],
        "height": cut.size[1],
        "pixelAspect": float(cut.pixel_aspect),
        "rate": float(cut.rate),
        "frames": cut.count,
        "start": cut.start,
        "dropFrame": cut.drop,
        "media": [_told(name, medium, beside) for name, medium in dict([*media, *stack]).items()],
        "comps": [
            {"name": name, "layers": [{"layer": layer, "shown": layer not in unseen} for layer, _ in layers]}
            for name, layers in comps
        ],
        "shots": [_shot(cut, event) for event in cut.events],
    }
    # json escapes what is not ASCII, so that the script means the same whatever encoding it is read in.
    return _SCRIPT.replace("@CUT@", json.dumps(told, indent=2))


def _told(name: str, media: Media, beside: Path) -> dict[str, Any]:
    file = media.file()
    return {
        "layer": name,
        "file": file.as_posix(),
        "near": Path(os.path.relpath(file, beside)).as_posix(),
        "sequence": media.pattern is not None,
        "alpha": media.alpha or "ignore",
        "frames": media.count,
        "numbers": _numbers(media),
    }


def _numbers(media: Media) -> dict[str, Any] | None:
    """How the files of a sequence are named."""
    if media.pattern is None:
        return None
    return {
        "first": media.first,
        "padding": media.pattern.padding,
        "prefix": media.pattern.prefix,
        "suffix": media.pattern.suffix,
    }


def _shot(cut: Cut, event: Event) -> dict[str, Any]:
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
