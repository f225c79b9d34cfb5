"""Configuration of mypy for scripts of users."""

# Libraries without a type in the public API: reading their annotations would take three quarters of the time.
UNUSED = ("PIL", "OpenImageIO", "av", "click", "cv2", "numba", "scenedetect", "scipy", "skimage", "torch")
MYPY_CONFIG = "[mypy]\n" + "".join(
    f"[mypy-{name}.*]\nfollow_imports = skip\nignore_missing_imports = True\n" for name in UNUSED
)
