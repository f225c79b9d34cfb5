"""Mattes from the Cryptomatte of the plates, in the ways that renderers lay it out."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from masks.cryptomatte import float_bits, murmur3
from propagate.arrays import Floats
from stylize.errors import MatteError, SettingsError
from stylize.matting.crypto_mattes import check_crypto_matte, crypto_mattes
from stylize.media.images import read_image, write_image
from stylize.media.opening import open_shot
from stylize.project import Project
from stylize.settings import Settings, looks_of
from stylize.settings.input_files import inputs_of
from tests.clips import write_movie
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


def ranks_alone(path: Path) -> Path:
    """Ranks without a picture, in a file of their own."""
    return write_exr(path, Part(ranks(), channels("CryptoObject"), kind="float", attributes=attributes("CryptoObject")))


def matte_of(folder: Path, text: str, tmp_path: Path, cryptomatte: Path | None = None) -> list[float]:
    shot = open_shot(folder)
    settings = Settings(matte=text, keys=tmp_path, cryptomatte=cryptomatte)
    mattes = crypto_mattes(shot, settings, Project(tmp_path / "project"), lambda stage, done, total: None)
    for frame in shot.frames:  # all show the same
        np.testing.assert_array_equal(mattes.read(frame), mattes.read(1))
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
        check_crypto_matte(open_shot(tmp_path / "p"), Settings(matte=text))


def test_plates_without_cryptomatte_and_half_ids_are_refused(tmp_path: Path) -> None:
    write_exr(tmp_path / "p" / "p.0001.exr", Part(beauty()))
    with pytest.raises(MatteError, match="has no Cryptomatte"):
        check_crypto_matte(open_shot(tmp_path / "p"), Settings(matte="crypto:hero"))
    pixels = np.concatenate([beauty(), np.zeros((1, 3, 8), np.float32)], axis=2)
    names = ("R", "G", "B", *channels("CryptoObject"))
    write_exr(tmp_path / "q" / "p.0001.exr", Part(pixels, names, attributes=attributes("CryptoObject")))
    with pytest.raises(MatteError, match="have 16 bits, expected 32"):
        check_crypto_matte(open_shot(tmp_path / "q"), Settings(matte="crypto:hero"))


def test_name_in_two_cryptomattes_must_be_qualified(tmp_path: Path) -> None:
    both = attributes("CryptoObject") + attributes("CryptoMaterial")
    pixels = np.concatenate([beauty(), ranks(), ranks()[:, ::-1]], axis=2)
    names = ("R", "G", "B", *channels("CryptoObject"), *channels("CryptoMaterial"))
    write_exr(tmp_path / "p" / "p.0001.exr", Part(pixels, names, kind="float", attributes=both))
    with pytest.raises(MatteError, match="is in CryptoMaterial and CryptoObject; write crypto:CryptoMaterial:hero"):
        check_crypto_matte(open_shot(tmp_path / "p"), Settings(matte="crypto:hero"))
    assert matte_of(tmp_path / "p", "crypto:CryptoMaterial:hero", tmp_path) == [0.1, 0.5, 1]


def test_empty_name_is_refused() -> None:
    with pytest.raises(SettingsError, match="expected crypto:NAME"):
        Settings(matte="crypto:")


# Files of its own


def test_ranks_in_files_beside_the_plates(tmp_path: Path) -> None:
    for number in (1, 2):
        write_exr(tmp_path / "p" / f"p.{number:04d}.exr", Part(beauty()))
        ranks_alone(tmp_path / "c" / f"render_crypto.{number:04d}.exr")
    for given in (tmp_path / "c", tmp_path / "c/render_crypto.####.exr", tmp_path / "c/render_crypto.0001.exr"):
        assert matte_of(tmp_path / "p", "crypto:hero", tmp_path, given) == [1, 0.5, 0.1]


def test_files_of_its_own_take_precedence_and_serve_other_kinds_of_plates(tmp_path: Path) -> None:
    single_part(tmp_path / "p" / "p.0001.exr", manifest=json.dumps({"hero": f"{murmur3('ns:sword'):08x}"}))
    ranks_alone(tmp_path / "c" / "c.0001.exr")
    assert matte_of(tmp_path / "p", "crypto:hero", tmp_path) == [0, 0.5, 0.2]
    assert matte_of(tmp_path / "p", "crypto:hero", tmp_path, tmp_path / "c") == [1, 0.5, 0.1]
    movie = write_movie(tmp_path / "a.mkv", [np.zeros((1, 3, 3), np.uint8)], codec="ffv1", layout="yuv444p", options={})
    assert matte_of(movie, "crypto:hero", tmp_path, tmp_path / "c") == [1, 0.5, 0.1]


def test_files_of_its_own_must_fit_the_plates(tmp_path: Path) -> None:
    for number in (1, 2):
        write_image(tmp_path / f"p.{number:04d}.png", np.zeros((1, 3, 3), np.uint8))
    shot = open_shot(tmp_path / "p.####.png")

    def check(path: Path) -> None:
        check_crypto_matte(shot, Settings(matte="crypto:hero", cryptomatte=path))

    ranks_alone(tmp_path / "c" / "c.0001.exr")
    with pytest.raises(MatteError, match=r"Cryptomatte .*expected one file for each of the frames 1-2, missing 2"):
        check(tmp_path / "c")
    write_exr(tmp_path / "c" / "c.0002.exr", Part(np.zeros((2, 3, 3), np.float32)))
    with pytest.raises(MatteError, match=r"Cryptomatte .*c\.0002\.exr: expected 3x1 like the shot, found 3x2"):
        check(tmp_path / "c")
    with pytest.raises(MatteError, match=r"p\.####\.png has no Cryptomatte; .* give those with --cryptomatte PATH"):
        check_crypto_matte(shot, Settings(matte="crypto:hero"))
    movie = write_movie(tmp_path / "a.mkv", [np.zeros((1, 3, 3), np.uint8)] * 2, codec="ffv1", layout="yuv444p",
                        options={})  # fmt: skip
    with pytest.raises(MatteError, match=r"--cryptomatte .*a\.mkv: expected EXR files, found a movie"):
        check(movie)


def test_option_needs_a_cryptomatte_and_is_that_of_its_layer(tmp_path: Path) -> None:
    for matte in ("m.png", "alpha"):
        with pytest.raises(SettingsError, match="--cryptomatte needs --matte crypto:NAME"):
            Settings(matte=matte, cryptomatte="c")
    with pytest.raises(SettingsError, match="--cryptomatte needs a matte"):
        Settings(cryptomatte="c")
    (look,) = looks_of(Settings(layers=f"matte=crypto:hero,cryptomatte={tmp_path / 'c'},keys={tmp_path}"))
    assert look.settings.cryptomatte == tmp_path / "c"
    assert tmp_path / "c" not in inputs_of(Settings(matte="crypto:hero", cryptomatte=tmp_path / "c")).folders
    (tmp_path / "c").mkdir()
    assert tmp_path / "c" in inputs_of(Settings(matte="crypto:hero", cryptomatte=tmp_path / "c")).folders
