"""Reads the logs that `cart stress --ack-log` writes: what was sent, and what was answered."""

import json
import pathlib


def read_log(log):
    """Yields the lines as objects, but for what a killed process left of its last one.

    There is no log before the first command: that is one without lines.
    """
    path = pathlib.Path(log)
    if not path.exists():
        return
    *whole, _ = path.read_text().split("\n")
    for line in whole:
        yield json.loads(line)
