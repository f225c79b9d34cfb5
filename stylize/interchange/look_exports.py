"""Exporters of files for each look: passes, mattes, foregrounds, and folders for EbSynth."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stylize.delivery.deliver import encoding_of
from stylize.interchange.ebsynth import ebsynth_files, write_ebsynth
from stylize.interchange.exporter import ExporterSetup, ExportJob, ExportPlan
from stylize.interchange.foreground import foreground_target, write_foreground
from stylize.interchange.foreground_layers import Foreground
from stylize.interchange.matte_sequence import write_mattes
from stylize.interchange.passes import pass_patterns, pattern_files, write_passes


class PassesExporter:
    """Exporter of the passes of a look; see Exporter."""

    def __init__(self, setup: ExporterSetup[Any]) -> None:
        """Accept any setup."""

    def files(self, plan: ExportPlan) -> Sequence[Path]:
        """Return the files of the passes of all frames."""
        patterns = pass_patterns(plan.settings, plan.layout)
        return pattern_files(patterns.values(), plan.shot.frames)

    def write(self, job: ExportJob) -> Sequence[Path]:
        """Write the missing and outdated passes."""
        layout = job.plan.layout
        write_passes(job.context, job.cuts, pass_patterns(job.plan.settings, layout))
        return [layout.folder / f"{layout.name}_passes"]


class MatteExporter:
    """Exporter of the mattes of a look; see Exporter."""

    def __init__(self, setup: ExporterSetup[Any]) -> None:
        """Accept any setup."""

    def files(self, plan: ExportPlan) -> Sequence[Path]:
        """Return the files of the mattes of all frames."""
        return pattern_files([plan.layout.matte], plan.shot.frames)

    def write(self, job: ExportJob) -> Sequence[Path]:
        """Write the missing and outdated mattes."""
        return [write_mattes(job.context, job.plan.layout.matte).folder]


class ForegroundExporter:
    """Exporter of the foreground of a look, and of all layers combined; see Exporter."""

    def __init__(self, setup: ExporterSetup[Any]) -> None:
        """Accept any setup."""

    def files(self, plan: ExportPlan) -> Sequence[Path]:
        """Return the pictures or the movie."""
        return foreground_target(plan.layout, plan.target, plan.settings.codec).files(plan.shot.frames)

    def write(self, job: ExportJob) -> Sequence[Path]:
        """Write the missing and outdated files. The composite of several layers is cut out as one foreground."""
        plan = job.plan
        of_whole = plan.settings.layers and not plan.layer
        foreground = Foreground(job.context, job.looks if of_whole else [job.context], job.layers_above)
        target = foreground_target(plan.layout, plan.target, plan.settings.codec)
        write_foreground(foreground, target, encoding_of(plan.settings))
        return [target.path]


class EbsynthExporter:
    """Exporter of a folder for EbSynth; see Exporter."""

    def __init__(self, setup: ExporterSetup[Any]) -> None:
        """Accept any setup."""

    def files(self, plan: ExportPlan) -> Sequence[Path]:
        """Return all files of the folder."""
        return ebsynth_files(plan.layout, plan.shot, plan.keys, plan.has_matte)

    def write(self, job: ExportJob) -> Sequence[Path]:
        """Write the folder."""
        return [write_ebsynth(job.context, job.cuts, job.plan.layout)]
