"""Motion of a shot, estimated between neighbouring plates or read from files."""
