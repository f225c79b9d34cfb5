"""Command line: argv to settings to ``stylize.run``; progress bars and exit codes.

This is one file of more than 400 lines because no other module may depend on argv, click or the terminal.
"""

import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import click
from click.shell_completion import CompletionItem

import stylize
from stylize.errors import SettingsError, StylizeError
from stylize.events import Event, Message, StageProgress
from stylize.real_path import real_path
from stylize.settings import (
    FLAG,
    LOOKS_OPTIONS,
    MATTE_OPTIONS,
    OPTIONS,
    PLAN_OPTIONS,
    Option,
    current_names,
    flag_of,
    former_names_to,
)
from stylize.settings.command_words import shell_command
from stylize.settings.completion import completions
from stylize.settings.extension_help import installed_rows, own_sections, own_topic
from stylize.settings.extension_options import EXTENSION_OPTIONS, TABLES, ExtensionFlag, flags_in, tables_from_flags
from stylize.settings.groups import GROUP_HELP, first_clause, group_word, groups_of, topic
from stylize.settings.suggestions import unknown_flag
from stylize.visible_text import visible

if TYPE_CHECKING:
    from stylize.project import Project

# Exit codes as shells and render farms expect them.
FAILED, USAGE_ERROR, INTERRUPTED = 1, 2, 130
# Parts of a step that a bar distinguishes; seconds in a minute, and minutes in an hour.
_PARTS, _MINUTE = 100, 60
# Max number of characters of the reason of an unforeseen error.
_LONGEST_REASON = 200


class _ShotFirst(click.Group):
    """Group whose first word may be a shot: ``stylize SHOT`` is ``stylize run SHOT``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = ("--help", "-h", "--help-all", "--version")
        if args and args[0] not in self.commands and args[0].partition("=")[0] not in own:
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _StoppedError from None

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return None  # declared with the command

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        run = self.commands["run"]
        formatter.write_text("Usage: stylize SHOT --style PICTURE [OPTIONS]")
        formatter.write_paragraph()
        formatter.write_text(
            "Render a few keyframes of a shot in the style of a reference picture, or use painted ones, and "
            "propagate their look through all frames. SHOT is a movie, a folder of frames, a pattern (name.####.png), "
            "or a project (shot.stylize) to continue."
        )
        run_ctx = click.Context(run, parent=ctx, info_name="run")
        if isinstance(run, _OptionCommand):
            run.format_choices(run_ctx, formatter)
        with formatter.section("General"):
            formatter.write_dl([*_records(run_ctx, _GENERAL), *_records(ctx, ("version",))])
        with formatter.section("Other commands, each with its own --help"):
            formatter.write_dl([(n, c.get_short_help_str(80)) for n, c in self.commands.items() if n != "run"])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        run = self.commands["run"]
        words = [name for name in self.commands if name.startswith(incomplete)]
        items = [CompletionItem(name, help=self.commands[name].get_short_help_str()) for name in words]
        if incomplete.startswith("-"):
            return [*items, *run.shell_complete(click.Context(run, parent=ctx), incomplete)]
        return [*items, CompletionItem(incomplete, type="file")]


class _Path(click.Path):
    """Path that must not be empty, as an unset shell variable would make it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not value:
            self.fail("expected a path, found an empty one; is a shell variable unset?", param, ctx)
        return super().convert(value, param, ctx)


class _StoppedError(Exception):
    """Ctrl-C, caught before click prints its own message."""


class _OptionCommand(click.Command):
    """Command whose help shows the essential options and lists the groups of the others.

    options: those that the command reads. Others are accepted, for scripts, but not listed.
    """

    def __init__(self, *args: Any, options: Mapping[str, Option], **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        # Each option of an extension has a flag; their table has none.
        self.options = {name: option for name, option in options.items() if option.type is not EXTENSION_OPTIONS}

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return None  # declared with the command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given, values = list(args), dict[ExtensionFlag, Any]()
        selectable = [group for group, (_, selector) in TABLES.items() if any(p.name == selector for p in self.params)]
        found = flags_in(args, selectable, {flag for param in self.params for flag in param.opts})
        ctx.meta[_EXTENSIONS] = [_extension_option(flag, values) for flag in found]
        try:
            rest = super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            # Click splits -fps into letters.
            word = next((arg for arg in given if arg.startswith(error.option_name)), error.option_name)
            others = {
                str(one.name): one.options for one in command.commands.values() if isinstance(one, _OptionCommand)
            }
            own = [flag.option.flag for flag in found]
            raise click.UsageError(unknown_flag(word, error.option_name, self.options, others, own), ctx) from None
        ctx.params |= tables_from_flags(values)
        return rest

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*super().get_params(ctx), *ctx.meta.get(_EXTENSIONS, ())]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_choices(ctx, formatter)
        with formatter.section("General"):
            formatter.write_dl(_records(ctx, _GENERAL))

    def format_choices(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the essential options, and the groups."""
        with formatter.section("Essential options"):
            essential = [option.name for option in self.options.values() if option.essential]
            formatter.write_dl([(flags, first_clause(text)) for flags, text in _records(ctx, essential)])
        word = f"{ctx.command_path.removesuffix(' run')} --help GROUP"
        with formatter.section(f"Groups of options (see {word}, or --help-all for all)"):
            groups = groups_of(self.options.values())
            formatter.write_dl([(group_word(group), GROUP_HELP.get(group, group)) for group in groups])
        if extensions := installed_rows(one.type.extensions for one in self.options.values() if one.type.extensions):
            with formatter.section("Extensions (see --help NAME)"):
                formatter.write_dl(extensions)

    def topic_help(self, ctx: click.Context, word: str) -> str:
        """Return the help on a group of options, an option or an extension, by its word."""
        formatter = ctx.make_formatter()
        try:
            title, options = topic(word, self.options)
        except SettingsError:
            if (own := own_topic(word, self.options.values())) is None:
                raise
            with formatter.section(own[0]):
                formatter.write_dl(own[1])
            return formatter.getvalue().strip("\n")
        with formatter.section(title):
            if len(options) > 1 and title in GROUP_HELP:
                formatter.write_text(GROUP_HELP[title])
                formatter.write_paragraph()
            formatter.write_dl(_records(ctx, [option.name for option in options]))
        for heading, rows in (section for option in options for section in own_sections(option)):
            with formatter.section(heading):
                formatter.write_dl(rows)
        return formatter.getvalue().strip("\n")

    def full_help(self, ctx: click.Context) -> str:
        """Return the help on all options, by group."""
        return "\n\n".join(self.topic_help(ctx, group_word(group)) for group in groups_of(self.options.values()))


def _records(ctx: click.Context, names: Iterable[str]) -> list[tuple[str, str]]:
    """Return flags and help of the named options of a command, in their order."""
    params = {param.name: param for param in ctx.command.get_params(ctx) if not getattr(param, "hidden", True)}
    shown = [params[name] for name in names if name in params]
    return [record for param in shown if (record := param.get_help_record(ctx)) is not None]


def _extension_option(flag: ExtensionFlag, values: dict[ExtensionFlag, Any]) -> click.Option:
    """Return the click option of an extension option; it stores its value in ``values``."""

    def put(_: click.Context, __: click.Parameter, value: Any) -> None:
        if value not in (None, False):
            values[flag] = not flag.option.default if flag.option.is_flag else value

    attributes = {"is_flag": True} if flag.option.is_flag else {"metavar": flag.option.metavar}
    return click.Option(
        [flag.option.flag, flag.key], default=None, expose_value=False, callback=put, help=flag.option.flag_help,
        **attributes,
    )  # fmt: skip


# Key of the extension options in the context of a command.
_EXTENSIONS = "extensions"
# Options of every command.
_GENERAL = ("quiet", "verbose", "help", "help_all")


def _show_help(ctx: click.Context, param: click.Parameter, word: str | None) -> None:
    """Print the help, or the help on a topic, and exit."""
    if word is None or ctx.resilient_parsing:
        return
    asked, where = ctx.command, ctx
    if isinstance(asked, click.Group) and (word or param.name == "help_all"):
        named = word if word in asked.commands else "run"
        asked, word = asked.commands[named], "" if named == word else word
        where = click.Context(asked, parent=ctx, info_name=named)
    if param.name == "help_all" and isinstance(asked, _OptionCommand):
        click.echo(asked.full_help(where))
    elif word and isinstance(asked, _OptionCommand):
        click.echo(asked.topic_help(where, word))
    else:
        click.echo(where.get_help())
    ctx.exit()


def _complete_groups(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    asked = ctx.command.commands["run"] if isinstance(ctx.command, click.Group) else ctx.command
    options = asked.options.values() if isinstance(asked, _OptionCommand) else ()
    words = map(group_word, groups_of(options))
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def _help_options(decorated: Callable[..., Any]) -> Callable[..., Any]:
    """Declare --help, which takes an optional topic, and --help-all."""
    attributes: dict[str, Any] = {"is_eager": True, "expose_value": False, "callback": _show_help}
    decorated = click.option(
        "--help-all", is_flag=True, default=None, flag_value="", help="Show all options, by group.", **attributes
    )(decorated)
    return click.option(
        "-h", "--help", is_flag=False, flag_value="", metavar="[GROUP]", shell_complete=_complete_groups,
        help="Show this help, or the help on a group of options or on one option.", **attributes,
    )(decorated)  # fmt: skip


def _click_options(option: Option, *, hidden: bool) -> Iterator[Callable[[Any], Any]]:
    """Yield the click option, and a hidden one for each of its former names."""
    # Not compared by equality with True, because a default of 1 is displayed.
    default = "" if option.default is True or not option.default else f"  [default: {option.default}]"
    attributes: dict[str, Any] = {"is_flag": True} if option.type is FLAG else {"metavar": option.type.metavar}
    attributes |= {"default": None, "multiple": option.type.multiple, "shell_complete": _completer(option)}
    yield click.option(*option.flags, option.name, help=option.help + default, hidden=hidden, **attributes)
    for name in option.formerly:
        yield click.option(flag_of(name), name, hidden=True, **attributes)


def _completer(option: Option) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Return the shell completion of an option's value: matching words, and paths."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        words, paths = completions(option.type)
        items = [CompletionItem(word) for word in words if word.startswith(incomplete)]
        return [*items, CompletionItem(incomplete, type=paths)] if paths else items

    return complete


def _options(accepted: Mapping[str, Option], shown: Mapping[str, Option]) -> Callable[[Callable[..., Any]], Any]:
    """Declare the options that a command accepts; its help lists only those in ``shown``."""

    def declare(decorated: Callable[..., Any]) -> Callable[..., Any]:
        decorated = _help_options(decorated)
        decorated = click.option("-v", "--verbose", is_flag=True, help="Report every stage.")(decorated)
        decorated = click.option("-q", "--quiet", is_flag=True, help="Report only errors.")(decorated)
        for option in reversed([one for one in accepted.values() if one.type is not EXTENSION_OPTIONS]):
            for decorate in _click_options(option, hidden=option.name not in shown):
                decorated = decorate(decorated)
        return decorated

    return declare


def _trust_options(decorated: Callable[..., Any]) -> Callable[..., Any]:
    for name in ("allow", "trust"):
        for decorate in _click_options(OPTIONS[name], hidden=False):
            decorated = decorate(decorated)
    return decorated


def _print_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    """Print the versions of stylize and of the stages and libraries that determine the result."""
    if not asked or ctx.resilient_parsing:
        return
    from stylize.versions import version_lines

    for line in version_lines(installed_rows()):
        _print_line(line)
    ctx.exit()


@click.group(cls=_ShotFirst, context_settings={"help_option_names": ["-h", "--help"]})
@_help_options
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version,
    help="Print the versions of everything that affects the result, and exit.",
)  # fmt: skip
def command() -> None:
    """Propagate a painted look through a shot from a few keyframes."""


@command.command("run", cls=_OptionCommand, options=OPTIONS, short_help="Run all stages; the word run may be omitted.")
@click.argument("shot", type=_Path(path_type=Path))
@_options(OPTIONS, OPTIONS)
def run_command(shot: Path, quiet: bool, verbose: bool, **flags: Any) -> None:
    """Stylise SHOT: a movie, a folder of frames, a pattern (name.####.png), or a project to continue."""
    with _Console(quiet, verbose) as console:
        started = time.monotonic()
        result = stylize.run(shot, on_event=console.receive, **_given(flags, OPTIONS))
    from stylize.summary import run_lines

    console.print_result(result.notes, run_lines(result, time.monotonic() - started))


@command.command(
    "plan",
    cls=_OptionCommand,
    options=PLAN_OPTIONS,
    short_help="Show cuts and keyframes, with reasons; render nothing.",
)
@click.argument("shot", type=_Path(path_type=Path))
@_options(OPTIONS, PLAN_OPTIONS)
def plan_command(shot: Path, quiet: bool, verbose: bool, **flags: Any) -> None:
    """Show the cuts of SHOT, and the keyframes that a run would pick, with reasons; render nothing."""
    with _Console(quiet, verbose) as console:
        given = _given(flags, OPTIONS)
        planned = stylize.plan(shot, on_event=console.receive, **given)
        # Last, so that options that are only stored are checked too.
        for name in (name for name in OPTIONS if name in given and name not in PLAN_OPTIONS):
            console.message(f"note: stylize plan does not use {OPTIONS[name].flags[-1]}")
    from stylize.summary import plan_lines

    console.print_result(planned.notes, plan_lines(planned))


@command.command(
    "matte", cls=_OptionCommand, options=MATTE_OPTIONS,
    short_help="Make mattes from painted ones, by keying, or by a network.",
)  # fmt: skip
@click.argument("shot", type=_Path(path_type=Path))
@_options(MATTE_OPTIONS, MATTE_OPTIONS)
def matte_command(shot: Path, quiet: bool, verbose: bool, **flags: Any) -> None:
    """Make a matte for every frame of SHOT from a few painted ones, by keying, or by a network."""
    with _Console(quiet, verbose) as console:
        started = time.monotonic()
        result = stylize.make_mattes(shot, on_event=console.receive, **_given(flags, MATTE_OPTIONS))
    from stylize.summary import matte_lines

    console.print_result((), matte_lines(result, time.monotonic() - started))


@command.command(
    "looks", cls=_OptionCommand, options=LOOKS_OPTIONS,
    short_help="Paint one frame in several looks, and compare them on a sheet.",
)  # fmt: skip
@click.argument("shot", type=_Path(path_type=Path))
@_options(LOOKS_OPTIONS, LOOKS_OPTIONS)
def looks_command(shot: Path, quiet: bool, verbose: bool, **flags: Any) -> None:
    """Paint a frame of SHOT with every combination of references, presets and seeds, and arrange all on one sheet."""
    with _Console(quiet, verbose) as console:
        started = time.monotonic()
        result = stylize.looks(shot, on_event=console.receive, **_given(flags, LOOKS_OPTIONS))
    from stylize.summary import looks_lines

    console.print_result((), looks_lines(result, time.monotonic() - started))


@command.command("report", short_help="Measure a finished project; write an HTML page and JSON.")
@click.argument("project", type=_Path(path_type=Path))
@_trust_options
@click.option("-q", "--quiet", is_flag=True, help="Report errors only.")
def report_command(project: Path, quiet: bool, **flags: Any) -> None:
    """Measure the results of PROJECT (shot.stylize), and write report.html and report.json into it."""
    with _Console(quiet, False) as console:
        paths = stylize.report(project, on_event=console.receive, **_given(flags, OPTIONS))
    for path in paths if not quiet else ():
        _print_line(f"wrote: {path}")


@command.command(
    "review", cls=_OptionCommand, options=OPTIONS,
    short_help="Look at a project in the browser, on this machine.",
)  # fmt: skip
@click.argument("shot", type=_Path(path_type=Path), required=False)
@click.option(
    "--root", "roots", type=_Path(path_type=Path), multiple=True, metavar="FOLDER",
    help="Folder whose projects the start page lists. May be repeated.  [default: the current folder]",
)  # fmt: skip
@click.option(
    "--deliver", "deliveries", type=_Path(path_type=Path), multiple=True, metavar="FOLDER",
    help="Folder that the page may write results to, besides the project and the roots. May be repeated.",
)  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Port.  [default: a free one]")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--public", is_flag=True, help="Allow an address that other machines can reach; not encrypted.")
@click.option("--editor", metavar="COMMAND", help="Program that opens keys for painting.  [default: the system's]")
@_options(OPTIONS, OPTIONS)
def review_command(
    shot: Path | None, roots: tuple[Path, ...], deliveries: tuple[Path, ...], port: int, host: str, public: bool,
    editor: str | None, quiet: bool, verbose: bool, **flags: Any,
) -> None:  # fmt: skip
    """Open SHOT or a project in the browser; without one, list the projects in the current folder.

    The address that is printed works once, on this machine. Options of a run are stored in the project.
    """
    from stylize.review.serve import ServerAddress, check_extra, serve

    check_extra()
    from stylize.review.prepare import prepare_project
    from stylize.review.roots import open_roots

    with _Console(quiet, verbose) as console:
        given = _given(flags, OPTIONS)
        if shot is None and given:
            raise SettingsError(f"{OPTIONS[next(iter(given))].flags[-1]} needs a shot or a project; give one")
        opened = open_roots(
            roots or (Path(),), () if shot is None else (prepare_project(shot, given, console.receive),), deliveries
        )
    with suppress(KeyboardInterrupt):
        address = ServerAddress(host, port, public)
        serve(opened, address, lambda one: _print_line(f"open: {one}"), editor=editor)


@command.command("check", short_help="Regenerate golden projects and compare them; exit with code 1 if any differs.")
@click.argument("folder", type=_Path(path_type=Path))
@click.option("--update", is_flag=True, help="Approve the results instead of comparing them.")
@_trust_options
@click.option("-q", "--quiet", is_flag=True, help="Report only errors and differences.")
def check_command(folder: Path, update: bool, quiet: bool, **flags: Any) -> None:
    """Regenerate the golden projects in FOLDER and compare them with the approved frames."""
    with _Console(quiet, False) as console:
        verdicts = stylize.check(folder, update=update, on_event=console.receive, **_given(flags, OPTIONS))
    for verdict in verdicts:
        for line in verdict.differences:
            _print_line(f"{verdict.name}: {line}")
        if not quiet and not verdict.differences:
            _print_line(f"{verdict.name}: {verdict.frames} frames {'approved' if update else 'match'}")
    if any(verdict.differences for verdict in verdicts):
        _fail(
            "the result differs from the approved frames; see differs/, and approve it with --update if it is better",
            FAILED,
        )


@command.command("pick", short_help="Choose candidates, seeds and prompts for single keyframes, and lock keyframes.")
@click.argument("project", type=_Path(path_type=Path))
@click.argument("choices", metavar="FRAME[=NUMBER]...", nargs=-1, required=True)
@click.option("--layer", metavar="NAME", help="Layer of the keyframes, in a project with layers.")
@click.option("--lock", is_flag=True, help="Lock these keyframes: no run renders them again.")
@click.option("--unlock", is_flag=True, help="Unlock these keyframes.")
@click.option("--seed", metavar="NUMBER", help="Seed of these keyframes; 'own' for that of the settings.")
@click.option("--prompt", metavar="TEXT", help="Prompt of these keyframes; '' for that of the settings.")
@_trust_options
@click.option("-q", "--quiet", is_flag=True, help="Report errors only.")
def pick_command(
    project: Path, choices: tuple[str, ...], layer: str | None, lock: bool, unlock: bool, seed: str | None,
    prompt: str | None, quiet: bool, **flags: Any,
) -> None:  # fmt: skip
    """Choose candidates, such as 40=3 50=1, seeds or prompts for keyframes of PROJECT (shot.stylize) in its next run.

    40= clears the choice for frame 40; 40 alone does not change it. A run with --candidates renders the candidates and
    arranges them in candidates.png.
    """
    if lock and unlock:
        raise click.UsageError("--lock and --unlock exclude each other; give one of them")
    with _Console(quiet, False) as console:
        given = _given(flags, OPTIONS)
        chosen = _choices(choices)
        if isinstance(chosen, list) and seed is None and prompt is None and not (lock or unlock):
            raise click.UsageError("nothing is chosen for these frames; give FRAME=NUMBER, --lock, --seed or --prompt")
        wanted = True if lock else False if unlock else None
        table = stylize.pick(
            project, chosen, layer=layer, lock=wanted, seed=_seed(seed), prompt=prompt, on_event=console.receive,
            **given,
        )  # fmt: skip
    if not quiet:
        _print_line(f"wrote: {table}; run {shell_command(['stylize', str(project)])} to use it")


def _seed(text: str | None) -> int | Literal["own"] | None:
    """Read the value of --seed. Raises SettingsError for a value that is neither a number nor "own"."""
    if text is None or text == "own":
        return None if text is None else "own"
    if not re.fullmatch("[0-9]{1,10}", text):
        raise SettingsError(f"--seed: expected a whole number or own, found {text!r}")
    return int(text)


def _choices(words: Iterable[str]) -> dict[int, int | None] | list[int]:
    """Read words such as 40=3, or frames alone. Raises UsageError for a repeated frame, and for words of both kinds."""
    found = dict[int, int | None]()
    frames = list[int]()
    for word in words:
        frame, place, is_alone = _choice(word)
        if frame in found or frame in frames:
            raise click.UsageError(f"frame {frame} has more than one choice, the last is '{word}'; give one of them")
        if is_alone:
            frames.append(frame)
        else:
            found[frame] = place
    if found and frames:
        raise click.UsageError(f"expected FRAME=NUMBER for every frame or for none, found {frames[0]}; add its number")
    return found or frames


def _choice(word: str) -> tuple[int, int | None, bool]:
    """Read a word such as 40=3, or 40 alone."""
    match = re.fullmatch(r"(-?[0-9]+)(=?)([0-9]*)", word)
    if match is None or (match[3] and not match[2]):
        raise SettingsError(f"expected FRAME=NUMBER, such as 40=3, found {word!r}")
    return int(match[1]), int(match[3]) if match[3] else None, not match[2]


@command.command("clean", short_help="Remove files that a project can regenerate, and report their size.")
@click.argument("project", type=_Path(path_type=Path))
@click.option("--results", is_flag=True, help="Also remove finished frames and exported files in the project.")
@click.option("--versions", is_flag=True, help="Also remove all saved versions, which no run can regenerate.")
@click.option("-n", "--dry-run", is_flag=True, help="Report what would be removed, without removing it.")
@click.option("-q", "--quiet", is_flag=True, help="Report errors only.")
def clean_command(project: Path, results: bool, versions: bool, dry_run: bool, quiet: bool) -> None:
    """Remove files from PROJECT that the next run can regenerate; never keys, mattes, settings or files you changed."""
    from stylize.project import check_present_schema, clean, read_project

    read_project(project)
    if dry_run:
        check_present_schema(project)
    with _locked_project(project) as opened:
        cleaned = clean(opened, results=results, versions=versions, dry_run=dry_run)
    if not quiet:
        from stylize.summary import clean_lines

        for line in clean_lines(cleaned, dry_run=dry_run):
            _print_line(line)


@command.command("warm", short_help="Compile the kernels of later runs in advance, for example in a container image.")
@click.option("-q", "--quiet", is_flag=True, help="Report errors only.")
def warm_command(quiet: bool) -> None:
    """Compile the kernels that runs need, unless they are compiled already, so that no run has to wait.

    They are stored in the folder named by the environment variable STYLIZE_CACHE, or else in the user's cache folder,
    for all installations of this version on this kind of processor.
    """
    from propagate.kernels.cache import kernels_folder
    from stylize.compile_kernels import compile_kernels, no_folder_note

    folder = kernels_folder()
    if folder is None:
        raise StylizeError(no_folder_note())
    for compiled in compile_kernels():
        if not quiet:
            _print_line(f"{compiled.name}: {compiled.seconds:.1f} s")
    if not quiet:
        _print_line(f"compiled kernels are stored in {folder}")


@command.group("preset", short_help="Save the look of a project to a file, for --preset.")
def preset_command() -> None:
    """Save looks to files for --preset."""


@preset_command.command("save", short_help="Save the look of a project to a file.")
@click.argument("project", type=_Path(path_type=Path))
@click.argument("file", type=_Path(path_type=Path))
@click.option("--name", metavar="TEXT", help="Name of the look; the default is the file name.")
@click.option("--version", "look_version", metavar="TEXT", default="1", help="Version of the look.  [default: 1]")
@click.option("--layer", metavar="NAME", help="Layer to save, in a project with layers.")
@click.option("--overwrite", is_flag=True, help="Replace the file, and the copy of its reference picture.")
@_trust_options
@click.option("-q", "--quiet", is_flag=True, help="Report errors only.")
def save_command(
    project: Path, file: Path, name: str | None, look_version: str, layer: str | None, overwrite: bool, quiet: bool,
    **flags: Any,
) -> None:  # fmt: skip
    """Save the look of PROJECT (shot.stylize) to FILE (look.toml), with its reference picture next to it."""
    from stylize.project import trusted_settings
    from stylize.save_preset import look_of, save_preset

    with _Console(quiet, False) as console:
        _, settings = trusted_settings(project, _given(flags, OPTIONS), console.message)
        look = look_of(settings, layer)
        saved = save_preset(look, file, name=name, version=look_version, overwrite=overwrite)
        if saved.left_out:
            console.message(f"note: not saved, as specific to this shot: {', '.join(saved.left_out)}")
        if saved.outward:
            console.message(
                f"note: outside {file.parent}, so that --preset {file} also needs the option itself, or --trust: "
                f"{', '.join(saved.outward)}"
            )
    for path in saved.files if not quiet else ():
        _print_line(f"wrote: {path}")


@command.group("version", short_help="Save, list, restore and compare versions of a project's settings and keys.")
def version_command() -> None:
    """Save the settings, keys, tables and picks of a project under names. A run regenerates the frames."""


@version_command.command("save", short_help="Save the present state under a name.")
@click.argument("project", type=_Path(path_type=Path))
@click.argument("name")
@click.option("--with-frames", is_flag=True, help="Also save the finished frames, to compare them with later ones.")
@click.option("-q", "--quiet", is_flag=True, help="Report errors only.")
def version_save_command(project: Path, name: str, with_frames: bool, quiet: bool) -> None:
    """Save settings, keys, tables and picks of PROJECT (shot.stylize) as the version NAME."""
    saved = stylize.save_version(project, name, frames=with_frames)
    from stylize.summary import saved_lines

    _print_lines(saved_lines(saved), quiet)


@version_command.command("list", short_help="List the versions, and the space that they take.")
@click.argument("project", type=_Path(path_type=Path))
def version_list_command(project: Path) -> None:
    """List the versions of PROJECT, oldest first, and the space that they take."""
    from stylize.project import VersionStore, matching_version, read_project, refuse_links

    read_project(project)
    root = real_path(project)
    refuse_links(root)
    store = VersionStore(root)
    from stylize.summary import list_lines

    _print_lines(list_lines(store.versions(), matching_version(root), store.size()), False)


@version_command.command("restore", short_help="Restore a version; the present state is saved first.")
@click.argument("project", type=_Path(path_type=Path))
@click.argument("name")
@click.option("-q", "--quiet", is_flag=True, help="Report errors only.")
def version_restore_command(project: Path, name: str, quiet: bool) -> None:
    """Restore the version NAME of PROJECT. The present state is saved first, unless a version has it."""
    from stylize.project import restore_version

    with _locked_project(project) as opened:
        restored = restore_version(opened, name)
    from stylize.summary import restored_lines

    _print_lines(restored_lines(restored), quiet)


@version_command.command("compare", short_help="Compare settings, keys and figures of two versions.")
@click.argument("project", type=_Path(path_type=Path))
@click.argument("first")
@click.argument("second", default="present")
@click.option("-q", "--quiet", is_flag=True, help="Report errors only.")
def version_compare_command(project: Path, first: str, second: str, quiet: bool) -> None:
    """Compare two versions of PROJECT; the word present, the default of SECOND, is its present state."""
    from stylize.quality.version_comparison import compare_versions

    with _locked_project(project) as opened:
        found = compare_versions(opened, first, second)
    from stylize.summary import comparison_lines

    _print_lines(comparison_lines(found), quiet)


@version_command.command("remove", short_help="Remove a version, and the pictures that only it has.")
@click.argument("project", type=_Path(path_type=Path))
@click.argument("name")
@click.option("-q", "--quiet", is_flag=True, help="Report errors only.")
def version_remove_command(project: Path, name: str, quiet: bool) -> None:
    """Remove the version NAME of PROJECT, and the pictures that only it has."""
    from stylize.project import VersionStore

    with _locked_project(project) as opened:
        VersionStore(opened.root).remove(name)
    _print_lines([f"removed: {name}"], quiet)


@command.command("approve", short_help="Lock the keyframes of a finished project, and save it as a golden project.")
@click.argument("project", type=_Path(path_type=Path))
@click.option(
    "-o", "golden", type=_Path(path_type=Path), metavar="FOLDER",
    help="Folder of golden projects.  [default: golden/ next to the project]",
)  # fmt: skip
@_trust_options
@click.option("-q", "--quiet", is_flag=True, help="Report errors only.")
def approve_command(project: Path, golden: Path | None, quiet: bool, **flags: Any) -> None:
    """Approve PROJECT (shot.stylize): lock its keyframes, and write a golden project for stylize check."""
    with _Console(quiet, False) as console:
        approval = stylize.approve(project, golden, on_event=console.receive, **_given(flags, OPTIONS))
    from stylize.summary import approval_lines

    _print_lines(approval_lines(approval), quiet)


@command.group("note", short_help="Write notes on frames of a project, and export them as markers and as a sheet.")
def note_command() -> None:
    """Write, edit, list and remove notes on frames of a project, and export them as markers and as a sheet."""


@note_command.command("add", short_help="Write a note on a frame.")
@click.argument("project", type=_Path(path_type=Path))
@click.argument("frame", type=int)
@click.argument("text")
@click.option(
    "--box", metavar="LEFT,TOP,WIDTH,HEIGHT", help="Area of the note, as fractions of the picture from 0 to 1."
)
@_trust_options
@click.option("-q", "--quiet", is_flag=True, help="Report errors only.")
def note_add_command(project: Path, frame: int, text: str, box: str | None, quiet: bool, **flags: Any) -> None:
    """Write a note with this TEXT on a FRAME of PROJECT (shot.stylize)."""
    note = stylize.add_note(project, frame, text, box=_box(box), **_given(flags, OPTIONS))
    _print_notes([note], quiet)


@note_command.command("edit", short_help="Replace the text of a note.")
@click.argument("project", type=_Path(path_type=Path))
@click.argument("number", type=int)
@click.argument("text")
@click.option("-q", "--quiet", is_flag=True, help="Report errors only.")
def note_edit_command(project: Path, number: int, text: str, quiet: bool) -> None:
    """Replace the text of note NUMBER of PROJECT."""
    _print_notes([stylize.edit_note(project, number, text)], quiet)


@note_command.command("list", short_help="List the notes.")
@click.argument("project", type=_Path(path_type=Path))
def note_list_command(project: Path) -> None:
    """List the notes of PROJECT, by frame."""
    _print_notes(stylize.notes(project), False)


@note_command.command("remove", short_help="Remove a note.")
@click.argument("project", type=_Path(path_type=Path))
@click.argument("number", type=int)
@click.option("-q", "--quiet", is_flag=True, help="Report errors only.")
def note_remove_command(project: Path, number: int, quiet: bool) -> None:
    """Remove note NUMBER of PROJECT."""
    stylize.remove_note(project, number)
    _print_lines([f"removed: note {number}"], quiet)


@note_command.command("export", short_help="Write the notes as markers and as a sheet.")
@click.argument("project", type=_Path(path_type=Path))
@click.option(
    "--as", "kinds", metavar="KINDS", default=",".join(stylize.NOTE_EXPORTS),
    help="Kinds of files, a list of otio, edl, aftereffects and sheet.  [default: all]",
)  # fmt: skip
@click.option(
    "-o", "output", type=_Path(path_type=Path), metavar="FOLDER", help="Folder.  [default: export/ in the project]"
)
@click.option("--overwrite", is_flag=True, help="Replace files that were changed by hand.")
@_trust_options
@click.option("-q", "--quiet", is_flag=True, help="Report errors only.")
def note_export_command(
    project: Path, kinds: str, output: Path | None, overwrite: bool, quiet: bool, **flags: Any
) -> None:
    """Write the notes of PROJECT as markers on timelines, and as a sheet of pictures."""
    with _Console(quiet, False) as console:
        written = stylize.export_notes(
            project, output, kinds=tuple(kinds.split(",")), overwrite=overwrite, on_event=console.receive,
            **_given(flags, OPTIONS),
        )  # fmt: skip
    _print_lines([f"wrote: {path}" for path in written], quiet)


def _box(text: str | None) -> tuple[float, ...] | None:
    """Read a box such as 0.1,0.2,0.3,0.4."""
    if text is None:
        return None
    try:
        return tuple(map(float, text.split(",")))
    except ValueError:
        raise click.UsageError(
            f"--box: expected LEFT,TOP,WIDTH,HEIGHT, such as 0.1,0.2,0.3,0.4, found {text!r}"
        ) from None


def _print_notes(notes: "Iterable[stylize.Note]", quiet: bool) -> None:
    from stylize.summary import note_line

    _print_lines(map(note_line, notes), quiet)


@contextmanager
def _locked_project(path: Path) -> Iterator["Project"]:
    """Open an existing project, excluding other runs until the end."""
    from stylize.project import Project, read_project

    read_project(path)
    opened = Project(path)
    with opened.locked():
        yield opened


def _print_lines(lines: Iterable[str], quiet: bool) -> None:
    for line in lines if not quiet else ():
        _print_line(line)


def _given(flags: Mapping[str, Any], options: Mapping[str, Option]) -> dict[str, Any]:
    """Return the values of the flags given on the command line."""
    given = {name: value for name, value in flags.items() if value not in (None, False, ())}
    # The only flag that turns an option off.
    given |= {"split": False} if given.get("split") else {}
    return current_names(given, options, as_flags=True)


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
        # The next message begins on its own line, however the run ended.
        self.close()

    def receive(self, event: Event) -> None:
        """Display an event of the run."""
        if isinstance(event, StageProgress):
            self._progress(event)
        elif isinstance(event, Message) and (self.verbose or not event.is_detail):
            self.message(str(event))

    def _progress(self, event: StageProgress) -> None:
        if event.label != self._stage:
            self.close()
            self._stage = event.label
            if self.verbose and not self.quiet and not sys.stderr.isatty():
                _print_line(f"{event.label}: {event.total}", err=True)
            if not self.quiet and sys.stderr.isatty():
                self._bar = click.progressbar(
                    length=event.total * _PARTS, label=f"{event.label:<10}", file=sys.stderr, show_eta=False,
                    show_percent=False, item_show_func=lambda text: text or "", width=24,
                )  # fmt: skip
                self._bar.__enter__()
        if self._bar is not None:
            # Parts of a step are displayed too, so that the bar moves while a key is painted.
            position = min(round((event.done + event.part) * _PARTS), event.total * _PARTS)
            self._bar.current_item = _progress_text(event)
            self._bar.make_step(position - self._bar.pos)
            self._bar.render_progress()

    def message(self, text: str) -> None:
        """Print a message once."""
        if not self.quiet and text not in self._reported:
            self.close()
            _print_line(text, err=True)
        self._reported.add(text)

    def print_result(self, notes: Iterable[str], lines: Iterable[str]) -> None:
        """Print the warnings about a result, and its summary."""
        for note in notes:
            self.message(f"warning: {note}")
        for line in lines if not self.quiet else ():
            _print_line(line)

    def close(self) -> None:
        """Finish the current progress bar."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
        self._bar, self._stage = None, ""


def _progress_text(event: StageProgress) -> str:
    """Return the text after a bar: the steps, the place of the stage in the run, and the time left."""
    parts = [f"{event.done}/{event.total}"]
    if event.places:
        parts.append(f"stage {event.place} of {event.places}")
    if event.run_seconds_left:
        parts.append(f"{_time_left(event.run_seconds_left)} left")
    elif event.seconds_left is not None and event.done < event.total:
        parts.append(f"{_time_left(event.seconds_left)} left in this stage")
    return ", ".join(parts)


def _time_left(seconds: float) -> str:
    """Format a remaining time, which is never zero while something is left to do."""
    whole = max(1, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    minutes = round(whole / _MINUTE)
    return f"{minutes} min" if minutes < _MINUTE else f"{minutes // _MINUTE} h {minutes % _MINUTE} min"


def _print_line(text: str, *, err: bool = False) -> None:
    """Print a line. All output goes through here, where names are escaped so that none can control the terminal."""
    stream = sys.stderr if err else sys.stdout
    encoding = stream.encoding or "utf-8"
    click.echo(visible(text).encode(encoding, "backslashreplace").decode(encoding), err=err)


def _fail(text: str, code: int) -> NoReturn:
    _print_line(f"stylize: {text.strip()}", err=True)
    sys.exit(code)


def _fail_unforeseen(error: Exception, argv: Sequence[str]) -> NoReturn:
    """Report an unforeseen error on one line, with the path of its report, and exit."""
    from stylize.crash_report import write_crash_report
    from stylize.visible_text import one_line

    report = write_crash_report(error, argv)
    remedy = f"attach {report} to a bug report" if report else "report it with this line"
    text = one_line(f"{type(error).__name__}: {error}", _LONGEST_REASON)
    _fail(f"unforeseen error, a bug in stylize ({text}); finished work is kept; {remedy}", FAILED)


def _help_of(error: click.ClickException) -> str:
    """Return the help command to suggest after a usage error."""
    path = (
        error.ctx.command_path.removesuffix(" run") if isinstance(error, click.UsageError) and error.ctx else "stylize"
    )
    return f"{path} --help"


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command and exit: 0 only if every frame exists, 2 for usage errors, 130 for Ctrl-C, otherwise 1."""
    try:
        command.main(args=None if argv is None else list(argv), prog_name="stylize", standalone_mode=False)
    except SettingsError as error:
        _fail(str(error), USAGE_ERROR)
    except StylizeError as error:
        _fail(str(error), FAILED)
    except click.exceptions.NoArgsIsHelpError as error:
        _print_line(error.format_message())
        sys.exit(USAGE_ERROR)
    except click.NoSuchOption as error:
        _fail(f"there is no option {error.option_name}. See {_help_of(error)}.", USAGE_ERROR)
    except click.ClickException as error:
        text = error.format_message()
        _fail(f"{text}{'' if text.endswith(('.', '?')) else '.'} See {_help_of(error)}.", USAGE_ERROR)
    except (_StoppedError, KeyboardInterrupt, click.Abort):
        _fail("stopped; finished work is kept, and the same command continues from here", INTERRUPTED)
    except MemoryError:
        _fail("out of memory; use smaller or fewer frames (finished work is kept)", FAILED)
    except OSError as error:
        _fail(f"{error.filename or 'a file'}: {error.strerror or error}", FAILED)
    except Exception as error:
        _fail_unforeseen(error, sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    main()
