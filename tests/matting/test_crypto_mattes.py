"""Mattes from the Cryptomatte of the plates, in the ways that renderers lay it out."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from masks.cryptomatte import float_bits, murmur3
from propagate.arrays import Floats
from stylize.errors import MatteError, SettingsError
from stylize.matting.crypto_mattes import crypto_mattes, find_crypto_matte
from stylize.media.images import read_image
from stylize.media.opening import open_shot
from stylize.project import Project
from stylize.settings import Settings
from tests.exr_files import Part, write_exr

NAMES = ("hero", "set, left", "ns:sword")
RANKS = 4


def ranks() -> Floats:
    """Three pixels: hero, half hero and half sword, set with a tenth of hero in the third rank."""
    ids = dict(
        zip(NAMES, (np.array([float_bits(murmur3(one))], np.uint32).view(np.float32)[0] for one in NAMES), strict=True)
    )
    pixels = np.zeros((1, 3, 2 * RANKS), np.float32)
    pixels[0, 0, :2] = ids["hero"], 1
    pixels[0, 1, :4] = ids["hero"], 0.5, ids["ns:sword"], 0.5
    pixels[0, 2, :6] = ids["set, left"], 0.7, ids["ns:sword"], 0.2, ids["hero"], 0.1
    return pixels


def attributes(layer: str, manifest: str | None = None, **more: str) -> tuple[tuple[str, object], ...]:
    text = json.dumps({one: f"{murmur3(one):08x}" for one in NAMES}) if manifest is None else manifest
    entries = {"name": layer, "hash": "MurmurHash3_32", "conversion": "uint32_to_float32", "manifest": text} | more
    return tuple(
        (f"cryptomatte/{murmur3(layer):08x}"[:19] + f"/{key}", value) for key, value in entries.items() if value
    )


def channels(name: str, letters: Sequence[str] = "RGBA") -> tuple[str, ...]:
    return tuple(f"{name}{level:02d}.{letter}" for level in range(RANKS // 2) for letter in letters)


def beauty() -> Floats:
    return np.full((1, 3, 3), 0.5, np.float32)


def single_part(path: Path, **more: str) -> Path:
    """Picture and ranks in one part, as Arnold writes it."""
    pixels = np.concatenate([beauty(), ranks()], axis=2)
    names = ("R", "G", "B", *channels("CryptoObject"))
    return write_exr(path, Part(pixels, names, kind="float", attributes=attributes("CryptoObject", **more)))


def blender(path: Path) -> Path:
    """Layers with a prefix and lower-case channels, as Blender writes it."""
    pixels = np.concatenate([beauty(), ranks()], axis=2)
    picture = tuple(f"ViewLayer.Combined.{one}" for one in "RGB")
    names = (*picture, *channels("ViewLayer.CryptoObject", "rgba"))
    return write_exr(path, Part(pixels, names, kind="float", attributes=attributes("ViewLayer.CryptoObject")))


def multi_part(path: Path) -> Path:
    """Ranks in a part of their own, behind the picture."""
    crypto = Part(ranks(), channels("CryptoObject"), "crypto", "float", attributes=attributes("CryptoObject"))
    return write_exr(path, [Part(beauty(), name="rgb"), crypto])


def matte_of(folder: Path, text: str, tmp_path: Path) -> list[float]:
    shot = open_shot(folder)
    settings = Settings(matte=text, keys=tmp_path)
    mattes = crypto_mattes(shot, settings, Project(tmp_path / "project"), lambda stage, done, total: None)
    return [round(float(value), 4) for value in mattes.read(1)[0]]


@pytest.mark.parametrize("write", [single_part, blender, multi_part])
def test_matte_is_the_coverage_of_a_name(tmp_path: Path, write: object) -> None:
    write(tmp_path / "p" / "p.0001.exr")  # type: ignore[operator]
    assert matte_of(tmp_path / "p", "crypto:hero", tmp_path) == [1, 0.5, 0.1]
    assert read_image(tmp_path / "p" / "p.0001.exr").std() == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("crypto:set, left", [0, 0, 0.7]),
        ("crypto:ns:sword", [0, 0.5, 0.2]),
        ("crypto:hero, ns:sword", [1, 1, 0.3]),
        ("crypto:CryptoObject:hero", [1, 0.5, 0.1]),
    ],
)
def test_names(tmp_path: Path, text: str, expected: list[float]) -> None:
    single_part(tmp_path / "p" / "p.0001.exr")
    assert matte_of(tmp_path / "p", text, tmp_path) == expected


def test_sidecar_and_missing_manifest(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "names.json").write_text(json.dumps({"alias": f"{murmur3('hero'):08x}"}))
    single_part(tmp_path / "p" / "p.0001.exr", manifest="", manif_file="names.json")
    assert matte_of(tmp_path / "p", "crypto:alias", tmp_path) == [1, 0.5, 0.1]
    single_part(tmp_path / "q" / "p.0001.exr", manifest="")
    assert matte_of(tmp_path / "q", "crypto:hero", tmp_path) == [1, 0.5, 0.1]


@pytest.mark.parametrize(
    ("more", "text", "message"),
    [
        ({}, "crypto:heroo", r"no object is named heroo, expected one of 3 names such as hero"),
        ({"manifest": "{"}, "crypto:hero", "manifest is damaged"),
        ({"manifest": "", "manif_file": "../n.json"}, "crypto:hero", "expected the manifest in its folder"),
        ({"manifest": "", "manif_file": "n.json"}, "crypto:hero", r"n\.json cannot be read"),
        ({"hash": "MD5"}, "crypto:hero", "expected Cryptomatte with MurmurHash3_32, found MD5"),
        ({"name": "CryptoOther"}, "crypto:hero", "the ranks of CryptoOther are missing"),
    ],
)
def test_refusals(tmp_path: Path, more: dict[str, str], text: str, message: str) -> None:
    single_part(tmp_path / "p" / "p.0001.exr", **more)
    with pytest.raises(MatteError, match=message):
        find_crypto_matte(open_shot(tmp_path / "p"), text)


def test_plates_without_cryptomatte_and_half_ids_are_refused(tmp_path: Path) -> None:
    write_exr(tmp_path / "p" / "p.0001.exr", Part(beauty()))
    with pytest.raises(MatteError, match="has no Cryptomatte"):
        find_crypto_matte(open_shot(tmp_path / "p"), "crypto:hero")
    pixels = np.concatenate([beauty(), np.zeros((1, 3, 8), np.float32)], axis=2)
    names = ("R", "G", "B", *channels("CryptoObject"))
    write_exr(tmp_path / "q" / "p.0001.exr", Part(pixels, names, attributes=attributes("CryptoObject")))
    with pytest.raises(MatteError, match="have 16 bits, expected 32"):
        find_crypto_matte(open_shot(tmp_path / "q"), "crypto:hero")


def test_name_in_two_cryptomattes_must_be_qualified(tmp_path: Path) -> None:
    both = attributes("CryptoObject") + attributes("CryptoMaterial")
    pixels = np.concatenate([beauty(), ranks(), ranks()[:, ::-1]], axis=2)
    names = ("R", "G", "B", *channels("CryptoObject"), *channels("CryptoMaterial"))
    write_exr(tmp_path / "p" / "p.0001.exr", Part(pixels, names, kind="float", attributes=both))
    with pytest.raises(MatteError, match="is in CryptoMaterial and CryptoObject; write crypto:CryptoMaterial:hero"):
        find_crypto_matte(open_shot(tmp_path / "p"), "crypto:hero")
    assert matte_of(tmp_path / "p", "crypto:CryptoMaterial:hero", tmp_path) == [0.1, 0.5, 1]


def test_empty_name_is_refused() -> None:
    with pytest.raises(SettingsError, match="expected crypto:NAME"):
        Settings(matte="crypto:")
