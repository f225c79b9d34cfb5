"""Movies unpacked into the project, once."""
