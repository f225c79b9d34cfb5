"""The command: argv to settings to ``stylize.run``; progress bars and exit codes.

It is one file of more than 400 lines because no other module may know argv, click or the terminal.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from stylize.errors import SettingsError, StylizeError
from stylize.settings import (
    FLAG,
    GROUPS,
    MATTE_OPTIONS,
    OPTIONS,
    MatteSettings,
    Option,
    Settings,
    current_names,
    flag_of,
    former_names_to,
    looks_of,
    merge_settings,
)

if TYPE_CHECKING:
    from stylize.planning.picking import ShotPlan
    from stylize.result import LayerResult, Result

# Exit codes as shells and render farms expect them.
FAILED, USAGE_ERROR, INTERRUPTED = 1, 2, 130


class _ShotFirst(click.Group):
    """A group whose first word may be a shot: ``stylize SHOT`` is ``stylize run SHOT``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h", "--version"):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _StoppedError from None

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        run = self.commands["run"]
        formatter.write_text("Usage: stylize SHOT --style PICTURE [OPTIONS]")
        formatter.write_paragraph()
        formatter.write_text(
            "Renders a few keyframes of a shot after a reference picture, or takes painted ones, and carries "
            "their look through all frames. SHOT is a movie, a folder of frames, a pattern (name.####.png), or a "
            "project (shot.stylize) to go on with."
        )
        run.format_options(click.Context(run, parent=ctx), formatter)
        with formatter.section("Other commands"):
            formatter.write_dl([(n, c.get_short_help_str()) for n, c in self.commands.items() if n != "run"])


class _StoppedError(Exception):
    """Ctrl-C, caught before click prints its own message for it."""


class _GroupedHelp(click.Command):
    """A command whose help lists its options by group, the important ones first."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for group in GROUPS:
            records = []
            for param in self.params:
                record = param.get_help_record(ctx)
                if isinstance(param, click.Option) and record and getattr(param, "group", GROUPS[-1]) == group:
                    records.append(record)
            if records:
                with formatter.section(group):
                    formatter.write_dl(records)


class _GroupedOption(click.Option):
    """An option that knows its group in the help."""

    def __init__(self, *args: Any, group: str, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.group = group


def _click_options(option: Option) -> Iterator[Callable[[Any], Any]]:
    """Yield the click option, and a hidden one for each of its former names."""
    # Not by equality with True: a default of 1 is displayed.
    default = "" if option.default is True or not option.default else f"  [default: {option.default}]"
    attributes: dict[str, Any] = {"is_flag": True} if option.type is FLAG else {"metavar": option.type.metavar}
    attributes |= {"cls": _GroupedOption, "group": option.group, "default": None, "multiple": option.type.multiple}
    yield click.option(*option.flags, option.name, help=option.help + default, **attributes)
    for name in option.formerly:
        yield click.option(flag_of(name), name, hidden=True, **attributes)


def _options(command: Callable[..., Any], options: Mapping[str, Option] = OPTIONS) -> Callable[..., Any]:
    command = click.option("-v", "--verbose", is_flag=True, help="Say more, for every stage.")(command)
    command = click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")(command)
    for option in reversed(list(options.values())):
        for decorate in _click_options(option):
            command = decorate(command)
    return command


def _matte_options(command: Callable[..., Any]) -> Callable[..., Any]:
    return _options(command, MATTE_OPTIONS)


def _print_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    """Print our version, and those of the stages and libraries that determine the result."""
    if not asked or ctx.resilient_parsing:
        return
    import platform
    from importlib.metadata import version

    from stylize.stages import STAGES, installed_libraries

    click.echo(f"stylize, version {version('stylize')}")
    click.echo(f"stages: {', '.join(f'{name} {stage.version}' for name, stage in STAGES.items())}")
    click.echo(f"libraries: {', '.join(f'{name} {found}' for name, found in installed_libraries().items())}")
    click.echo(f"python: {platform.python_version()} on {platform.platform()}")
    ctx.exit()


@click.group(cls=_ShotFirst, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version,
    help="Print the versions of everything that determines the pixels, and exit.",
)  # fmt: skip
def command() -> None:
    """Carry a painted look through a shot from a few keyframes."""


@command.command("run", cls=_GroupedHelp, short_help="Do the whole job; the word itself may be left out.")
@click.argument("shot", type=click.Path(path_type=Path))
@_options
def run_command(shot: Path, quiet: bool, verbose: bool, **flags: Any) -> None:
    """Stylise SHOT: a movie, a folder of frames, a pattern (name.####.png), or a project to go on with."""
    with _Console(quiet, verbose) as console:
        path, settings = _settings(shot, flags)
        import stylize.pipeline

        started = time.monotonic()
        result = stylize.pipeline.run(path, settings, _project(shot, settings), console.progress, console.message)
    _print_result(result, settings, console, time.monotonic() - started)


@command.command("plan", cls=_GroupedHelp, short_help="Show cuts and keyframes, and why; renders nothing.")
@click.argument("shot", type=click.Path(path_type=Path))
@_options
def plan_command(shot: Path, quiet: bool, verbose: bool, **flags: Any) -> None:
    """Show where SHOT cuts, which frames would be keyframes and why; renders nothing."""
    with _Console(quiet, verbose) as console:
        path, settings = _settings(shot, flags)
        import stylize.cost_estimate
        import stylize.pipeline

        planned = stylize.pipeline.plan(path, settings, _project(shot, settings), console.progress, console.message)
    for note in planned.notes:
        console.message(f"warning: {note}")
    if quiet:
        return
    for name, one, look_settings in _looks_of(planned, settings):
        if name:
            click.echo(f"layer {name}:")
        _print_plan(one.shots, planned.timecodes, look_settings)
    frames = sum(len(shot.frames) for shot in planned.shots)
    keys = sum(len(shot.keyframes) for _, one, _ in _looks_of(planned, settings) for shot in one.shots)
    seconds = stylize.cost_estimate.expected_seconds(planned, settings.on)
    counts = [_count(frames, "frame"), _count(len(planned.shots), "shot"), _count(keys, "keyframe")]
    click.echo(f"{', '.join(counts)}; about {_format_duration(seconds)} to make")
    for path in planned.outputs:
        click.echo(f"wrote: {path}")


@command.command("matte", cls=_GroupedHelp, short_help="Make mattes: from painted ones, by colour, or by a network.")
@click.argument("shot", type=click.Path(path_type=Path))
@_matte_options
def matte_command(shot: Path, quiet: bool, verbose: bool, **flags: Any) -> None:
    """Make a matte for every frame of SHOT: from a few that are painted, keyed by colour, or found by a network."""
    with _Console(quiet, verbose) as console:
        settings = MatteSettings(**_given(flags, MATTE_OPTIONS))
        import stylize.matting.matte_pipeline

        started = time.monotonic()
        result = stylize.matting.matte_pipeline.make_mattes(shot, settings, console.progress, console.message)
    if quiet:
        return
    click.echo(
        f"mattes: {len(result.redone)} made, {len(result.frames) - len(result.redone)} reused, in "
        f"{_format_duration(time.monotonic() - started)}"
    )
    for frame in result.suggested_keyframes:
        click.echo(f"a painted matte for frame {frame} would help (confidence {result.confidence[frame]:.2f})")
    for folder in result.folders:
        click.echo(f"wrote: {folder}")


@command.command("report", short_help="Measure a finished project: a page to look at, and figures as JSON.")
@click.argument("project", type=click.Path(path_type=Path))
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def report_command(project: Path, quiet: bool) -> None:
    """Measure what PROJECT (shot.stylize) has made, and write report.html and report.json into it."""
    import stylize.pipeline

    with _Console(quiet, False) as console:
        paths = stylize.pipeline.report(project, console.progress, console.message)
    for path in paths if not quiet else ():
        click.echo(f"wrote: {path}")


@command.command("check", short_help="Make golden projects again and compare; exit code 1 where one differs.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--update", is_flag=True, help="Approve what comes out, instead of comparing it.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors and what differs.")
def check_command(folder: Path, update: bool, quiet: bool) -> None:
    """Make the golden projects in FOLDER again and compare them with the frames that were approved."""
    import stylize.pipeline

    with _Console(quiet, False) as console:
        verdicts = stylize.pipeline.check(folder, update, console.progress, console.message)
    for verdict in verdicts:
        for line in verdict.differences:
            click.echo(f"{verdict.name}: {line}")
        if not quiet and not verdict.differences:
            click.echo(f"{verdict.name}: {verdict.frames} frames {'approved' if update else 'as approved'}")
    if any(verdict.differences for verdict in verdicts):
        _fail("the result is not what was approved; see differs/, and approve it with --update if it is better", FAILED)


@command.command("clean", short_help="Remove what a project can make again, and say how much.")
@click.argument("project", type=click.Path(path_type=Path))
@click.option("--results", is_flag=True, help="Remove finished frames and exported files in the project too.")
@click.option("-n", "--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def clean_command(project: Path, results: bool, dry_run: bool, quiet: bool) -> None:
    """Remove from PROJECT what the next run makes again; never keys, mattes, settings or files that you changed."""
    from stylize.project import Project, check_present_schema, clean, read_project

    read_project(project)
    if dry_run:
        check_present_schema(project)
    opened = Project(project)
    with opened.locked():
        cleaned = clean(opened, results=results, dry_run=dry_run)
    if quiet:
        return
    for folder, count in cleaned.files.items():
        click.echo(f"{folder}/: {_count(count, 'file')}, {_format_bytes(cleaned.bytes[folder])}")
    click.echo(f"{'would remove' if dry_run else 'removed'}: {_format_bytes(cleaned.total)}")


def _settings(shot: Path, flags: dict[str, Any]) -> tuple[Path, Settings]:
    """Return settings from the flags, which override those of a project and of a key to be reproduced."""
    given = _given(flags, OPTIONS)
    if given.get("split"):
        given["split"] = False
    path, kept = shot, {}
    if (shot / "project.toml").is_file():
        from stylize.project import read_project

        path, stored = read_project(shot)
        kept = stored.stored()
    if "like" in given:
        from stylize.keys.reproduce import settings_from_key

        kept |= settings_from_key(Path(given["like"]), given)
    return path, Settings(**merge_settings(kept, given))


def _given(flags: Mapping[str, Any], options: Mapping[str, Option]) -> dict[str, Any]:
    """Return the values of the flags given on the command line."""
    given = {name: value for name, value in flags.items() if value not in (None, False, ())}
    return current_names(given, options, as_flags=True)


def _project(shot: Path, settings: Settings) -> Path | None:
    return shot if (shot / "project.toml").is_file() else settings.project


class _Console:
    """Output of a running command: progress bars on a terminal; stage lines elsewhere only if verbose."""

    def __init__(self, quiet: bool, verbose: bool) -> None:
        self.quiet, self.verbose = quiet, verbose
        self._bar: Any = None
        self._stage = ""
        self._reported: set[str] = set()
        self._warnings = former_names_to(self.message)

    def __enter__(self) -> "_Console":
        self._warnings.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._warnings.__exit__(None, None, None)
        # However the run ended, the next message begins on its own line.
        self.close()

    def progress(self, stage: str, done: int, total: int) -> None:
        """Display progress; see ``stylize.run``'s on_progress."""
        if stage != self._stage:
            self.close()
            self._stage = stage
            if self.verbose and not self.quiet and not sys.stderr.isatty():
                click.echo(f"{stage}: {total}", err=True)
            if not self.quiet and sys.stderr.isatty():
                self._bar = click.progressbar(length=total, label=f"{stage:<10}", file=sys.stderr, show_pos=True)
                self._bar.__enter__()
        if self._bar is not None:
            self._bar.update(done - self._bar.pos)

    def message(self, text: str) -> None:
        """Print a message once; see ``stylize.run``'s on_message."""
        if not self.quiet and text not in self._reported:
            self.close()
            click.echo(text, err=True)
        self._reported.add(text)

    def close(self) -> None:
        """Finish the current progress bar."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
        self._bar, self._stage = None, ""


def _looks_of(result: "Result", settings: Settings) -> list[tuple[str, "Result | LayerResult", Settings]]:
    """Return name, result and settings of every layer, or of the whole, whose name is empty."""
    results: tuple[Result | LayerResult, ...] = result.layers or (result,)
    return [(look.name, one, look.settings) for look, one in zip(looks_of(settings), results, strict=True)]


def _print_keyframes(shots: "Iterable[ShotPlan]") -> None:
    for number, shot in enumerate(shots, 1):
        click.echo(f"shot {number}: frames {shot.frames[0]}-{shot.frames[-1]}")
        for key in shot.keyframes:
            click.echo(f"  keyframe {key.frame}: {key.reason}")


def _print_plan(shots: "Iterable[ShotPlan]", timecodes: Mapping[int, str], settings: Settings) -> None:
    for number, shot in enumerate(shots, 1):
        line = f"shot {number}: frames {shot.frames[0]}-{shot.frames[-1]}"
        if not shot.coverage:
            click.echo(line)
            continue
        lowest = min(shot.frames, key=lambda frame: shot.coverage[frame])
        mean = sum(shot.coverage.values()) / len(shot.coverage)
        click.echo(f"{line}, explained to {mean:.0%} on average, {shot.coverage[lowest]:.0%} at least (frame {lowest})")
        rows = [(str(key.frame), timecodes[key.frame], f"{key.gained:.1%}", key.reason) for key in shot.keyframes]
        head = ("keyframe", "time code", "gains", "reason")
        widths = [max(len(row[column]) for row in (head, *rows)) for column in range(3)]
        for row in (head, *rows):
            frame, code, gains = (text.rjust(width) for text, width in zip(row[:3], widths, strict=True))
            click.echo(f"  {frame}  {code}  {gains}  {row[3]}")
        below = sum(shot.coverage[frame] < settings.coverage for frame in shot.frames)
        if below:
            some = "1 frame is" if below == 1 else f"{below} frames are"
            click.echo(f"  {some} explained to less than {100 * settings.coverage:g}%")


def _print_result(result: "Result", settings: Settings, console: _Console, seconds: float) -> None:
    for note in result.notes:
        console.message(f"warning: {note}")
    if console.quiet:
        return
    for name, look_result, look_settings in _looks_of(result, settings):
        if name:
            click.echo(f"layer {name}:")
        _print_keyframes(look_result.shots)
        _print_counts(look_result, look_settings)
    if settings.runs("propagate"):
        click.echo(f"frames: {len(result.redone)} made, {len(result.reused)} reused, in {_format_duration(seconds)}")
    click.echo(f"project: {result.project}")
    for path in result.outputs:
        click.echo(f"wrote: {path}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _print_counts(result: "Result | LayerResult", settings: Settings) -> None:
    """Print the counts of a look's keys, and its refinement rounds."""
    painted, rendered = len(result.painted), len(result.rendered)
    keys = sum(len(shot.keyframes) for shot in result.shots)
    if settings.runs("render"):
        click.echo(f"keyframes: {rendered} rendered, {painted} painted, {keys - rendered - painted} reused")
    if settings.refine and not result.refinements and settings.runs("render") and settings.runs("propagate"):
        click.echo("refined: no further keyframe would pay")
    for number, one in enumerate(result.refinements, 1):
        outcome = "kept" if one.kept else "taken back"
        if one.after is not None:
            click.echo(f"refined {number}: keyframe {one.frame}, error {one.before:.4f} to {one.after:.4f}, {outcome}")


def _format_bytes(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


def _format_duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _fail(text: str, code: int) -> NoReturn:
    click.echo(f"stylize: {' '.join(text.split())}", err=True)
    sys.exit(code)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command and exit: 0 only when every frame exists, 2 for usage errors, 130 for Ctrl-C, else 1."""
    try:
        command.main(args=None if argv is None else list(argv), prog_name="stylize", standalone_mode=False)
    except SettingsError as error:
        _fail(str(error), USAGE_ERROR)
    except StylizeError as error:
        _fail(str(error), FAILED)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(USAGE_ERROR)
    except click.ClickException as error:
        _fail(f"{error.format_message()} See stylize --help.", USAGE_ERROR)
    except (_StoppedError, KeyboardInterrupt, click.Abort):
        _fail("stopped; what is done is kept, and the same command goes on from here", INTERRUPTED)
    except MemoryError:
        _fail("the memory is full; take smaller frames or a part of them; what is done is kept", FAILED)
    except OSError as error:
        _fail(f"{error.filename or 'a file'}: {error.strerror or error}", FAILED)


if __name__ == "__main__":
    main()
