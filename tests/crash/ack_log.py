"""Reads the logs that `cart stress --ack-log` writes: what was sent, and what was answered."""

import json
import pathlib


def read_log(log):
    """Yields the lines as objects. There is no log before the first command: that is one without lines."""
    path = pathlib.Path(log)
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        yield json.loads(line)
