"""What is in a journal's directory, in its folder of snapshots too. A file's name is its path below the directory."""

import hashlib


def files_in(directory):
    """The names of all files, in order."""
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def contents(directory):
    return {name: hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in files_in(directory)}


def sizes_in(directory):
    return {name: (directory / name).stat().st_size for name in files_in(directory)}
