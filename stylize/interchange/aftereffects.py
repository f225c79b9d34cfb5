"""Script for After Effects (.jsx), which imports plate, result, mattes and foregrounds and builds compositions.

The script is ECMAScript 3, which ExtendScript supports. It searches for files at their absolute paths, then at their
paths relative to the script, so that the folder can be moved.
"""

import json
import os
from pathlib import Path
from typing import Any

from stylize.interchange.timelines.timeline import Event, Media, Timeline, script_path
from stylize.visible_text import visible


def jsx_of(timeline: Timeline, folder: Path) -> str:
    """Return the text of the script. folder: folder of the script.

    The composition has, from the bottom, the layers plate, result and matte (hidden), and markers at keyframes. Its
    length and start timecode are those of the timeline. If there are foregrounds, a second composition has the plate,
    the foregrounds in layer order, their mattes (hidden), and the combined foreground (hidden).
    """
    foregrounds = timeline.foregrounds
    media = [("plate", timeline.plate), ("result", timeline.result)] + (
        [("matte", timeline.matte)] if timeline.matte else []
    )
    hidden = [*foregrounds.mattes, *([foregrounds.combined] if foregrounds.combined else [])]
    stack = [("plate", timeline.plate), *((one.name, one) for one in (*foregrounds.layers, *hidden))]
    hidden_names = {"matte", *(one.name for one in hidden)}
    title = visible(timeline.name)
    comps = [(title, media)] + ([(f"{title} layers", stack)] if foregrounds.layers else [])
    description = {
        "name": title,
        "width": timeline.size[0],
        "height": timeline.size[1],
        "pixelAspect": float(timeline.pixel_aspect),
        "rate": float(timeline.rate),
        "frames": timeline.count,
        "start": timeline.start,
        "dropFrame": timeline.drop_frame,
        "media": [_media_entry(name, medium, folder) for name, medium in dict([*media, *stack]).items()],
        "comps": [
            {"name": name, "layers": [{"layer": layer, "visible": layer not in hidden_names} for layer, _ in layers]}
            for name, layers in comps
        ],
        "shots": [_shot_entry(timeline, event) for event in timeline.events],
    }
    # json escapes non-ASCII characters, so that the script can be read with any encoding.
    return _SCRIPT.replace("@CUT@", json.dumps(description, indent=2))


def _media_entry(name: str, media: Media, folder: Path) -> dict[str, Any]:
    file = media.file()
    return {
        "layer": name,
        "file": script_path(file),
        "relative": script_path(Path(os.path.relpath(file, folder))),
        "sequence": media.pattern is not None,
        "alpha": media.alpha or "ignore",
        "frames": media.count,
        "numbers": _numbers(media),
    }


def _numbers(media: Media) -> dict[str, Any] | None:
    """Return the file naming of a sequence, or None for a movie."""
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
        "name": visible(event.name),
        "at": event.at,
        "frames": event.count,
        "from": {"plate": event.plate_in, "others": event.result_in},
        "markers": [
            {"at": event.at + frame - event.number, "comment": comment} for frame, comment in _comments(event).items()
        ],
    }


def _comments(event: Event) -> dict[int, str]:
    """Return the comment of each marker, by frame: a composition has room for one marker at a time."""
    lines: dict[int, list[str]] = {key: [f"key {key}"] for key in event.keys}
    for remark in event.remarks:
        lines.setdefault(remark.frame, []).append(remark.line)
    return {frame: "\n".join(lines[frame]) for frame in sorted(lines)}


_SCRIPT = """\
// Run with File > Scripts > Run Script File. Builds the compositions as a single undo step.
(function () {
    var cut = @CUT@;

    function seconds(frames) {
        return frames / cut.rate;
    }

    // File interprets a percent sign in a path as the start of an escape sequence.
    function fileAt(path) {
        return new File(path.replace(/%/g, "%25"));
    }

    function findFile(medium) {
        var file = fileAt(medium.file);
        if (!file.exists) {
            file = fileAt(File($.fileName).parent.fsName + "/" + medium.relative);
        }
        if (!file.exists) {
            throw new Error("stylize: " + medium.layer + " was not found: " + medium.file);
        }
        return file;
    }

    function numberedFile(file, medium, number) {
        var digits = String(number);
        while (digits.length < medium.numbers.padding) {
            digits = "0" + digits;
        }
        return fileAt(file.parent.fsName + "/" + medium.numbers.prefix + digits + medium.numbers.suffix);
    }

    // Counts contiguous pictures before the first frame of the shot (step -1) or after the last one (step 1).
    function countExtra(file, medium, number, step) {
        var count = 0;
        while (number + step >= 0 && numberedFile(file, medium, number + step).exists) {
            number += step;
            count += 1;
        }
        return count;
    }

    // Importing a sequence includes contiguous pictures outside the shot. Returns the number of those before it.
    function leadingFrames(item, file, medium) {
        var before, after, last;
        if (!medium.sequence) {
            return 0;
        }
        last = medium.numbers.first + medium.frames - 1;
        before = countExtra(file, medium, medium.numbers.first, -1);
        after = countExtra(file, medium, last, 1);
        return Math.round(item.duration * cut.rate) === before + medium.frames + after ? before : 0;
    }

    function importMedium(medium) {
        var file = findFile(medium);
        var options = new ImportOptions(file);
        var item, source;
        options.sequence = medium.sequence;
        if (medium.sequence) {
            options.forceAlphabetical = false;
        }
        item = app.project.importFile(options);
        item.name = cut.name + " " + medium.layer;
        source = item.mainSource;
        // Sequences have no rate, and movies get the exact rate of the timeline.
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
        item.pixelAspect = cut.pixelAspect;
        medium.leading = leadingFrames(item, file, medium);
        return item;
    }

    function addLayer(comp, medium, shot, visible) {
        var layer = comp.layers.add(medium.item);
        var from = medium.layer === "plate" ? shot.from.plate : shot.from.others;
        layer.name = shot.name + " " + medium.layer;
        layer.startTime = seconds(shot.at - from - medium.leading);
        layer.inPoint = seconds(shot.at);
        layer.outPoint = seconds(shot.at + shot.frames);
        layer.enabled = visible;
        return layer;
    }

    function addMarkers(comp, shot) {
        var i, marker;
        for (i = 0; i < shot.markers.length; i += 1) {
            marker = shot.markers[i];
            comp.markerProperty.setValueAtTime(seconds(marker.at), new MarkerValue(marker.comment));
        }
    }

    // Layers are listed from the bottom: each new layer is placed above the previous ones.
    function buildComp(description, media) {
        var comp = app.project.items.addComp(
            description.name, cut.width, cut.height, cut.pixelAspect, seconds(cut.frames), cut.rate
        );
        var i, j;
        comp.displayStartTime = seconds(cut.start);
        comp.dropFrame = cut.dropFrame;
        for (i = 0; i < description.layers.length; i += 1) {
            for (j = 0; j < cut.shots.length; j += 1) {
                addLayer(comp, media[description.layers[i].layer], cut.shots[j], description.layers[i].visible);
            }
        }
        for (j = 0; j < cut.shots.length; j += 1) {
            addMarkers(comp, cut.shots[j]);
        }
        return comp;
    }

    function build() {
        var media = {}, comps = [];
        var i;
        for (i = 0; i < cut.media.length; i += 1) {
            cut.media[i].item = importMedium(cut.media[i]);
            media[cut.media[i].layer] = cut.media[i];
        }
        for (i = 0; i < cut.comps.length; i += 1) {
            comps.push(buildComp(cut.comps[i], media));
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
