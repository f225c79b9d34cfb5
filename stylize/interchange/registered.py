"""Exporters by name, opened with the settings of a run. Those of other distributions are guarded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stylize.errors import OutputError
from stylize.extensions.discovery import exporter
from stylize.extensions.opening import guard, open_extension
from stylize.extensions.registrations import ExporterRegistration
from stylize.interchange.exporter import Exporter, ExporterSetup, ExportJob, ExportPlan
from stylize.real_path import real_path
from stylize.settings import Settings
from stylize.settings.extension_options import own_options


@dataclass(frozen=True)
class OpenedExporter:
    """An exporter that ``--export`` names, and its registration."""

    registration: ExporterRegistration
    exporter: Exporter

    def exports(self, *, layered: bool) -> tuple[bool, bool]:
        """Return whether it exports each look, and whether it exports the composite. layered: there are layers."""
        one = self.registration
        return one.per_look, one.whole and (layered or not one.per_look)


def open_exporters(settings: Settings) -> list[OpenedExporter]:
    """Return the exporters that ``--export`` names. Raises ExtensionError if an extension is invalid."""
    return [_open(exporter(name), settings) for name in settings.export]


def _open(registration: ExporterRegistration, settings: Settings) -> OpenedExporter:
    given = (settings.export_options or {}).get(registration.name)
    setup = ExporterSetup(registration.name, settings, own_options(registration, given))
    opened: Exporter = open_extension(registration, setup)
    return OpenedExporter(registration, _GuardedExporter(registration, opened) if registration.is_foreign else opened)


@dataclass(frozen=True)
class _GuardedExporter:
    """Exporter of another distribution. Its errors name it, and its files are validated."""

    registration: ExporterRegistration
    exporter: Exporter

    def files(self, plan: ExportPlan) -> Sequence[Path]:
        """Return its files; see Exporter. Raises OutputError, also for files outside the folder of the result."""
        with guard(self.registration, OutputError):
            files = [Path(path) for path in self.exporter.files(plan)]
            outside = [path for path in files if not real_path(path).is_relative_to(plan.layout.folder)]
            if outside:
                raise ValueError(f"it would write {outside[0]}, which is not in {plan.layout.folder}")
        return files

    def write(self, job: ExportJob) -> Sequence[Path]:
        """Write its files; see Exporter. Raises OutputError, also if a listed file is missing."""
        with guard(self.registration, OutputError):
            written = [Path(path) for path in self.exporter.write(job)]
            missing = [path for path in self.exporter.files(job.plan) if not Path(path).is_file()]
            if missing:
                raise ValueError(f"it did not write {missing[0]}, which it had listed")
        return written
