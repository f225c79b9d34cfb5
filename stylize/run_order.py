"""Order of the stages of a run that report progress, as far as its settings determine it."""

from stylize.settings import Settings, looks_of

CONFORM, SPLIT, PICK, RENDER, PROPAGATE, LAYERS, EXPORT = (
    "conform", "split", "pick", "render", "propagate", "layers", "export",
)  # fmt: skip


def stages_of(settings: Settings, *, unpacks: bool) -> list[tuple[str, str]]:
    """Return the stages of a run, in order, each with its layer. unpacks: plates are unpacked or scaled first."""
    found = [(CONFORM, "")] if unpacks else []
    if settings.runs(SPLIT) and settings.split:
        found.append((SPLIT, ""))
    looks = looks_of(settings)
    for look in looks:
        # Keys are picked unless they are named, or painted without a style that more could be rendered in.
        picks = look.settings.keyframes is None and (look.settings.paints or look.settings.keys is None)
        if settings.runs(PICK) and picks:
            found.append((PICK, look.name))
    for look in looks:
        found += [(stage, look.name) for stage in (RENDER, PROPAGATE) if settings.runs(stage)]
    if settings.layers and settings.runs(PROPAGATE):
        found.append((LAYERS, ""))
    if settings.runs(EXPORT):
        found.append((EXPORT, ""))
    return found
