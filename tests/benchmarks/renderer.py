"""Keys of the embedded renderer, measured: ``python -m tests.benchmarks.renderer --help``.

Every plate is painted after every reference, and each key is compared with both (see ``key_measures``). The last table
shows how well four keys of the example agree, each warped from the one before, as ``stylize.keys.agreement`` does.
"""

import argparse
import os
import resource
import time
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
from skimage import data

from propagate.confidence import warp_confidence
from propagate.flow import compose_step, correct_drift, estimate_step, identity_flow, warp
from propagate.flow_dis import DisFlow
from stylize.keys.agreement import agreement
from stylize.media.images import quantise, read_image, to_float, write_image
from stylize.renderers.example import ExampleRenderer, ExampleSettings
from stylize.renderers.protocol import RenderRequest
from tests.benchmarks.key_measures import measures

EXAMPLES = Path(__file__).parents[2] / "examples"
# Longer side of a plate, in pixels.
LONGEST = 448
# Frames of the example that are plates, and those that are keys of one shot; counted from 1.
FRAMES, KEYS = (5, 16, 31, 45), (1, 16, 32, 48)
# Light that an under-exposed picture has left.
NIGHT = 0.1
# Pictures of examples/ that are not references.
NOT_REFERENCES = ("styles",)


def main():
    """Paint, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--plates", nargs="*", default=sorted(plates()), help="names of plates")
    parser.add_argument("--references", nargs="*", default=references(), help="names of pictures in examples/")
    parser.add_argument("--palette", type=float, default=0.5, help="setting of the renderer; 0 keeps the colours")
    parser.add_argument("--sheet", type=Path, help="folder for contact sheets, one for each reference")
    parser.add_argument("--cost", action="store_true", help="only time keys of 640x360 pixels, and measure memory")
    options = parser.parse_args()
    if options.cost:
        print_cost(options.references)
        return
    print(f"{'plate':12}{'reference':12}   hue hue90 palette  rank edges texture seconds")
    rows = []
    for reference in options.references:
        style, keys = picture(EXAMPLES / f"{reference}.png"), []
        for name in options.plates:
            plate, start = plates()[name](), time.process_time()
            keys.append((plate, paint(plate, style, palette=options.palette)))
            taken = time.process_time() - start
            rows.append({**measures(*keys[-1], style), "seconds": taken})
            print_row(name, reference, rows[-1])
        print_mean("mean", reference, rows[-len(keys) :])
        if options.sheet:
            options.sheet.mkdir(parents=True, exist_ok=True)
            write_image(options.sheet / f"{reference}.png", sheet(keys))
    print_mean("mean", "all", rows)
    print("\nkeys of the example: colour (0 agrees), structure (1 agrees), each with the one before")
    for reference in options.references:
        print(f"{reference:12}" + "".join(f"  {a.colour:.3f} {a.structure:.2f}" for a in agreements(reference)))


def print_cost(names):
    """Print the cost of a key of the example's own size, once kernels are compiled."""
    plate = to_float(example_frames()[FRAMES[-1] - 1])
    paint(plate, picture(EXAMPLES / f"{names[0]}.png"))
    for reference in names:
        style, start, wall = picture(EXAMPLES / f"{reference}.png"), time.process_time(), time.perf_counter()
        paint(plate, style)
        seconds, passed = time.process_time() - start, time.perf_counter() - wall
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{reference:12} {seconds:.1f} s of processors, {passed:.1f} s, at most {peak:.0f} MB, "
              f"load {os.getloadavg()[0]:.1f}")  # fmt: skip


def print_row(name, reference, row):
    """Print the measures of a key."""
    print(f"{name:12}{reference:12}{row['hue']:6.1f}{row['hue90']:6.1f}{row['palette']:8.2f}{row['rank']:6.2f}"
          f"{row['edges']:6.2f}{row['texture']:8.2f}{row['seconds']:8.1f}", flush=True)  # fmt: skip


def print_mean(name, reference, rows):
    """Print the means of rows."""
    print_row(name, reference, {measure: float(np.mean([row[measure] for row in rows])) for measure in rows[0]})


def plates():
    """Return functions that give the plates, by name."""
    stills = {name: getattr(data, name) for name in ("astronaut", "chelsea", "coffee", "rocket", "camera")}
    found = {name: lambda read=read: small(coloured(read())) for name, read in stills.items()}
    found["motorcycle"] = lambda: small(data.stereo_motorcycle()[0])
    found["face"] = lambda: small(data.astronaut()[20:290, 110:380])
    found["night"] = lambda: under_exposed(small(data.astronaut()))
    for frame in FRAMES:
        found[f"bunny {frame}"] = lambda frame=frame: small(example_frames()[frame - 1])
    return found


def under_exposed(plate):
    """Return a picture with a tenth of its light."""
    return np.asarray((NIGHT * plate**2.2) ** (1 / 2.2), np.float32)


def coloured(pixels):
    """Return a grey picture with three channels, others as they are."""
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def small(pixels):
    """Return a plate, float32 in [0, 1], scaled down to ``LONGEST``."""
    by = min(1, LONGEST / max(pixels.shape[:2]))
    return to_float(cv2.resize(pixels, None, fx=by, fy=by, interpolation=cv2.INTER_AREA) if by < 1 else pixels)


def references():
    """Return the names of the references in examples/."""
    return sorted(path.stem for path in EXAMPLES.glob("*.png") if path.stem not in NOT_REFERENCES)


def picture(path):
    """Read a picture: RGB, float32 in [0, 1]."""
    return to_float(read_image(path)[..., :3])


def example_frames():
    """Return all frames of the example, uint8 (H, W, 3)."""
    with av.open(str(EXAMPLES / "bunny.mp4")) as movie:
        return [frame.to_ndarray(format="rgb24") for frame in movie.decode(video=0)]


def paint(plate, style, warped=None, confidence=None, **settings):
    """Paint a key, rounded to 8 bits as it is written."""
    renderer = ExampleRenderer(ExampleSettings(**settings))
    made = renderer.render(RenderRequest(1, plate, style, warped, confidence, 0), lambda *_: None).picture
    return to_float(quantise(made, np.uint8))


def agreements(reference):
    """Paint four keys of the example, each from the one before; yield their agreement with it."""
    style = picture(EXAMPLES / f"{reference}.png")
    shot = [quantise(small(frame), np.uint8) for frame in example_frames()]
    before, key = None, None
    for number in KEYS:
        plate = to_float(shot[number - 1])
        if before is None:
            key = paint(plate, style)
        else:
            warped, confidence = warped_key(key, shot[before - 1 : number])
            key = paint(plate, style, warped, confidence)
            yield agreement(key, warped, confidence)
        before = number


def warped_key(key, shot):
    """Warp the key of the first frame to the last; return it with the confidence, as a run does."""
    composed = identity_flow(0, *shot[0].shape[:2])
    for frame, (before, after) in enumerate(pairwise(shot), 1):
        composed = compose_step(composed, frame, estimate_step(before, after, DisFlow()))
    flow = correct_drift(composed.flow, shot[0], shot[-1], DisFlow("fine"))
    return np.clip(warp(key, flow, lanczos=True), 0, 1), warp_confidence(flow, composed.valid, shot[0], shot[-1])


def sheet(keys):
    """Return a contact sheet, uint8: each plate next to its key, two pairs a row, in full size."""
    pairs = [np.concatenate([padded(plate), padded(key)], axis=1) for plate, key in keys]
    pairs += [np.zeros_like(pairs[0])] * (len(pairs) % 2)
    rows = [np.concatenate(pairs[n : n + 2], axis=1) for n in range(0, len(pairs), 2)]
    return quantise(np.concatenate(rows), np.uint8)


def padded(plate):
    """Return a picture in the middle of a black square."""
    height, width = plate.shape[:2]
    top, left = (LONGEST - height) // 2, (LONGEST - width) // 2
    return np.pad(plate, ((top, LONGEST - height - top), (left, LONGEST - width - left), (0, 0)))


if __name__ == "__main__":
    main()
