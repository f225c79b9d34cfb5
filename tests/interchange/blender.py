"""Blender without a window, as a judge of files: what its compositor reads from pictures."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

BLENDER = shutil.which("blender")

# Runs inside Blender. The arguments after "--" are the folder for results and the pictures. Each output of an image
# node is rendered to a file of its own, since a node lists outputs that have no values, too.
_SCRIPT = """
import json, sys
from pathlib import Path
import bpy

folder, *pictures = map(Path, sys.argv[sys.argv.index("--") + 1 :])
scene = bpy.context.scene
scene.use_nodes = True
scene.render.resolution_percentage = 100
tree, found = scene.node_tree, {}
for number, path in enumerate(pictures):
    tree.nodes.clear()
    image = bpy.data.images.load(str(path))
    node = tree.nodes.new("CompositorNodeImage")
    node.image = image
    outputs = [output for output in node.outputs if output.enabled and not output.is_unavailable]
    found[str(path)] = {"kind": image.type, "size": list(image.size), "outputs": [output.name for output in outputs]}
    writer = tree.nodes.new("CompositorNodeOutputFile")
    writer.base_path = str(folder)
    writer.format.file_format, writer.format.color_mode, writer.format.color_depth = "OPEN_EXR", "RGBA", "32"
    writer.file_slots.clear()
    for output in outputs:
        writer.file_slots.new(f"{number}-{output.name}-")
        tree.links.new(output, writer.inputs[-1])
    scene.render.resolution_x, scene.render.resolution_y = image.size if image.size[0] else (32, 24)
    tree.links.new(node.outputs[0], tree.nodes.new("CompositorNodeComposite").inputs[0])
    bpy.ops.render.render()
(folder / "found.json").write_text(json.dumps(found))
"""


def compositor_outputs(pictures: Sequence[Path], folder: Path) -> tuple[dict[Path, dict[str, Any]], str]:
    """Load pictures into Blender's compositor. Return what it shows of each, and what Blender printed.

    Of each picture: `kind` and `size` as Blender reports them, and `values`, which maps each output that has values to
    an EXR file in `folder`, named by picture and output. Pictures of several layers must have 32x24 pixels.
    """
    assert BLENDER is not None
    folder.mkdir()
    script = folder / "script.py"
    script.write_text(_SCRIPT)
    names = [str(path) for path in pictures]
    command = [BLENDER, "--background", "--factory-startup", "--python-exit-code", "1", "--python", str(script), "--"]
    done = subprocess.run([*command, str(folder), *names], capture_output=True, text=True, timeout=300, check=True)
    found = json.loads((folder / "found.json").read_text())
    for number, name in enumerate(names):
        outputs = found[name]["outputs"]
        files = {output: folder / f"{number}-{output}-0001.exr" for output in outputs}
        found[name]["values"] = {output: file for output, file in files.items() if file.is_file()}
    return {Path(name): found[name] for name in names}, done.stdout + done.stderr
