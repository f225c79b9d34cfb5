"""The public names of ``propagate`` and ``masks``: pinned, typed as imported, and free of import cost until used."""

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PINNED = {
    "propagate": [
        "DisFlow", "FlowEstimator", "PassState", "Scene", "Step", "StylisedFrame", "SynthesisSettings", "blend_passes",
        "estimate_step", "estimated_scene", "propagate_key", "step_from_flows", "warp",
    ],
    "masks": [
        "Footage", "Segmenter", "Tracked", "chroma_key", "composite_layers", "difference_key", "estimate_foreground",
        "feather_matte", "fuse_mattes", "grow_matte", "luma_key", "over", "screen_colour", "smooth_mattes",
        "track_matte",
    ],
}  # fmt: skip
PACKAGES = sorted(PINNED)


def typed_imports(package):
    """Return {export: (module, name)} as given by the imports for type checkers."""
    tree = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    return {
        alias.asname or alias.name: (node.module.removeprefix(f"{package}."), alias.name)
        for node in block.body
        for alias in node.names
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_exported_names_are_pinned(package):
    module = import_module(package)
    assert module.__all__ == PINNED[package]
    assert set(PINNED[package]) <= set(dir(module))
    assert (ROOT / package / "py.typed").is_file()


@pytest.mark.parametrize("package", PACKAGES)
def test_export_is_what_type_checkers_see(package):
    imports = typed_imports(package)
    assert imports == import_module(package)._EXPORTS
    assert sorted(imports) == PINNED[package]
    for export, (module, name) in imports.items():
        expected = getattr(import_module(f"{package}.{module}"), name)
        assert getattr(import_module(package), export) is expected
        assert expected.__doc__


@pytest.mark.parametrize("package", PACKAGES)
def test_no_export_shadows_a_module(package):
    modules = {path.stem for path in (ROOT / package).glob("*.py")}
    assert not modules & set(PINNED[package])


@pytest.mark.parametrize("package", PACKAGES)
def test_unknown_name_is_an_attribute_error(package):
    with pytest.raises(AttributeError, match="no_such_name"):
        import_module(package).no_such_name  # noqa: B018
    with pytest.raises(ImportError, match="no_such_name"):
        exec(f"from {package} import no_such_name")


def test_importing_a_package_or_the_command_imports_nothing_heavy():
    code = "import json, sys, masks, propagate, cli; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    heavy = {"numba", "cv2", "numpy", "av", "OpenImageIO", "scenedetect", "torch"}
    assert not heavy & set(json.loads(done.stdout))
