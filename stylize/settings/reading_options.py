"""Options of reading the footage, which a run and ``stylize matte`` share, each declared once."""

from collections.abc import Mapping
from dataclasses import dataclass

from stylize.limits import MEGAPIXELS
from stylize.media.tone_curve_names import TONE_CURVES
from stylize.settings import option_types as types
from stylize.settings.option import READING, Option, option_field, options_of

_READERS = (*types.STAGES, types.MATTE)


@dataclass(frozen=True)
class ReadingSettings:
    """Options of the footage that decide which pixels its frames have."""

    start_number: int = option_field(types.NUMBER, 1, READING, "Number of the first frame of a movie.", stages=_READERS)
    strict: bool = option_field(
        types.FLAG,
        False,
        READING,
        "Reject a movie with lost, damaged or missing frames, and pictures without the alpha of the others; also in "
        "mattes, guides, depth and clean plates.",
        stages=_READERS,
    )
    max_megapixels: int | None = option_field(
        types.MEGAPIXELS,
        None,
        READING,
        f"Largest picture that is read, in millions of pixels; the default is {MEGAPIXELS}.",
        stages=_READERS,
    )
    tonemap: str | None = option_field(
        types.choice(TONE_CURVES),
        None,
        READING,
        "Convert HDR footage (PQ or HLG: movies, and PNG tagged so) to Rec. 709 with this tone curve.",
        stages=_READERS,
    )
    deinterlace: str | None = option_field(
        types.choice(types.DEINTERLACE),
        None,
        READING,
        "How to make the frames of interlaced footage progressive: one per frame, one per field, or those of the film "
        "that it carries; auto measures it, and off uses the frames as they are without a report.",
        stages=_READERS,
    )
    alpha: str | None = option_field(
        types.choice(types.ALPHA_MODES),
        None,
        READING,
        "Whether the colour of footage whose format does not state it (movies, PNG, TIFF) is straight or premultiplied "
        "with its alpha; the default is straight, with a warning where it looks premultiplied.",
        stages=_READERS,
    )
    exr_layer: str | None = option_field(
        types.NAME,
        None,
        READING,
        "Layer or part of EXR files that holds the picture; the default is the one with R, G and B.",
        stages=_READERS,
    )
    clip: bool = option_field(
        types.FLAG,
        False,
        READING,
        "Clip linear light (EXR, float TIFF) to 0..1 everywhere, instead of keeping its range.",
        stages=_READERS,
    )
    exposure: float | None = option_field(
        types.STOPS,
        None,
        READING,
        "Exposure of the view of linear light, in stops; the default is chosen by the light of the shot.",
        stages=_READERS,
    )
    ocio: str | None = option_field(
        types.OCIO_CONFIG,
        None,
        READING,
        "OpenColorIO configuration whose view the engine works on: config.ocio, or a name such as ocio://default.",
        stages=_READERS,
    )
    input_space: str | None = option_field(
        types.NAME, None, READING, "Colour space of the plates in the configuration of --ocio.", stages=_READERS
    )
    view: str | None = option_field(
        types.NAME, None, READING, "View in the configuration of --ocio; it must have an inverse.", stages=_READERS
    )
    add_cut: tuple[int, ...] = option_field(
        types.FRAMES,
        (),
        READING,
        "Cuts to add to those that are detected, as the first frames after them, such as 31,80.",
        stages=_READERS,
    )
    drop_cut: tuple[int, ...] = option_field(
        types.FRAMES,
        (),
        READING,
        "Cuts to drop from those that are detected, as the first frames after them.",
        stages=_READERS,
    )


READING_OPTIONS: Mapping[str, Option] = options_of(ReadingSettings)
