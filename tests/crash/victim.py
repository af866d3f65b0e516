"""Runs `cart` as a process of its own, with or without faults injected under it."""

import os
import pathlib
import select
import signal
import subprocess
import time


class Failure(Exception):
    """The program broke a promise, or did something that no fault explains."""


class Victim:
    """A process of `cart`. Its output goes to files, so that it survives whatever happens to the process.

    pid      of the process
    status   its exit status, -9 after SIGKILL, None while it runs
    peak_mib the most memory that it had resident; known once it has ended
    metrics  a file that it may have written the runtime's metrics to, or None
    """

    def __init__(self, command, output, faults=None, seed=0, directory=None, interposer=None):
        """Starts `command`. The files of its output begin with the path `output`.

        `faults` maps names of faults, which faults.cpp lists, to numbers. They act on files below `directory`.
        """
        self.command = [str(part) for part in command]
        self.status = None
        self.peak_mib = None
        self.metrics = None
        self._stdout = pathlib.Path(f"{output}.stdout")
        self._stderr = pathlib.Path(f"{output}.stderr")
        self._report = pathlib.Path(f"{output}.fired")
        environment = dict(os.environ)
        if faults:
            self._faults = {
                "LD_PRELOAD": str(interposer),
                "CRASH_DIRECTORY": str(directory),
                "CRASH_REPORT": str(self._report),
                "CRASH_FAULTS": ",".join(f"{name}={number}" for name, number in {"seed": seed, **faults}.items()),
            }
            environment.update(self._faults)
        else:
            self._faults = {}
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environment
            )
        self.pid = self._process.pid

    @property
    def stdout(self):
        return self._stdout.read_text(errors="replace")

    @property
    def stderr(self):
        return self._stderr.read_text(errors="replace")

    @property
    def fired(self):
        """The names of the faults that fired, one for each time, as the library under the process wrote them."""
        return [name for name, _, _ in self.reports()]

    def reports(self):
        """Of each fault that fired: its name, the nanoseconds of CLOCK_MONOTONIC, which ack logs use too, details."""
        if not self._report.exists():
            return []
        lines = [line.split(" ", 2) for line in self._report.read_text().splitlines()]
        return [(name, int(at), details) for name, at, details in lines]

    def wait(self, seconds=60):
        """Waits until it has ended, and returns the victim. Ends it, and raises `Failure`, if that takes longer."""
        if self.status is None:
            descriptor = os.pidfd_open(self.pid)
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            has_ended = bool(poll.poll(seconds * 1000))
            os.close(descriptor)
            if not has_ended:
                self.kill()
                raise Failure(f"it did not end within {seconds} s\n{self.story()}")
            self._reap()
        return self

    def wait_until(self, condition, what, seconds=30):
        """Waits until `condition()` is true. Raises `Failure`, naming `what`, if it ends before, or it takes longer."""
        until = time.monotonic() + seconds
        while not condition():
            if self.has_ended() or time.monotonic() > until:
                if condition():
                    return
                raise Failure(f"waited for: {what}\n{self.story()}")
            time.sleep(0.002)

    def has_ended(self):
        if self.status is None:
            descriptor = os.pidfd_open(self.pid)
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            if poll.poll(0):
                self._reap()
            os.close(descriptor)
        return self.status is not None

    def signal(self, number):
        if not self.has_ended():
            os.kill(self.pid, number)

    def kill(self):
        """Ends it with SIGKILL and waits for that. Does nothing if it has ended."""
        self.signal(signal.SIGKILL)
        if self.status is None:
            self._reap()

    def resident_mib(self):
        """What it has resident in memory now; 0 if it has ended."""
        try:
            status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return 0.0
        for line in status.splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def story(self):
        """What ran and how it ended, so that somebody can run it again."""
        environment = [f"{name}='{value}'" for name, value in self._faults.items()]
        return "\n".join(
            [
                "  ran: " + " ".join(environment + self.command),
                f"  status: {self.status}, fired: {', '.join(self.fired) or 'nothing'}",
                indented("stdout", self.stdout),
                indented("stderr", self.stderr),
            ]
        )

    def _reap(self):
        _, status, usage = os.wait4(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        self._process.returncode = self.status
        self.peak_mib = usage.ru_maxrss / 1024


def indented(title, text, most=40):
    """The end of an output, for a report."""
    lines = text.rstrip().splitlines()
    shown = lines[-most:]
    cut = [f"    … {len(lines) - most} lines before"] if len(lines) > most else []
    return "\n".join([f"  {title}:"] + cut + [f"    {line}" for line in shown])
