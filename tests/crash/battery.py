#!/usr/bin/env python3
"""Breaks the program that users run, and judges what is left: the crash battery.

    tests/crash/battery.py [--long [--minutes N]] [--only NAME…] [--seed N] [--program PATH] [--scratch DIR] [--json]

Each fault is a module faults_NAME.py beside this file:

    \"\"\"What it does, in one line.\"\"\"
    FAULTS = ("kill_before_sync", …)     # what must fire at least once, or the battery proves nothing
    def run(battery): …

Exits with 0 if nothing was violated and everything fired, 3 otherwise, 1 on wrong usage, 130 if interrupted.
"""

import argparse
import collections
import contextlib
import importlib
import json
import os
import pathlib
import random
import re
import shutil
import sys
import time
import traceback
import zlib

from victim import Failure, Victim

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "release"
RETURNS = "came back from a snapshot"
SCHEMA = "reprise-crash-battery-1"


class Outcome:
    """What came of one fault module."""

    def __init__(self, name, claim):
        self.name = name
        self.claim = claim
        self.rounds = 0
        self.fired = collections.Counter()
        self.judged = 0
        self.violations = []
        self.notes = []
        self.seconds = 0.0


class Battery:
    """What a fault module works with.

    program     the path of `cart`
    interposer  the path of the library that injects faults; faults.cpp says what it can do
    random      a random.Random of its own for each module, from the seed and the module's name
    is_long     whether the long form runs
    minutes     how long the long form keeps up what shows only in time
    """

    def __init__(self, options, outcome):
        self.program = options.program
        self.interposer = options.interposer
        self.is_long = options.long
        self.minutes = options.minutes
        self.random = random.Random(options.seed ^ zlib.crc32(outcome.name.encode()))
        self._scratch = options.scratch
        self._outcome = outcome
        self._victims = []
        self._runs = 0

    def rounds(self, short, long):
        """Yields 0, 1, 2, …: so many rounds as the form that runs has."""
        count = long if self.is_long else short
        for number in range(count):
            self._outcome.rounds += 1
            say(f"{self._outcome.name}: round {number + 1} of {count}")
            yield number

    @contextlib.contextmanager
    def scratch(self, name):
        """A fresh directory for one round: removed at the end of the `with`, kept and named if it fails.

        Give each journal a folder inside, so that logs and outputs lie beside it:
        `with battery.scratch("kill") as scratch: directory, log = scratch / "journal", scratch / "acks.jsonl"`.
        """
        self._runs += 1
        path = self._scratch / f"{self._outcome.name}-{self._runs}-{name}"
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        try:
            yield path
        except Failure as failure:
            raise Failure(f"{failure}\n  kept: {path}") from failure
        except KeyboardInterrupt:
            self._end_victims()
            shutil.rmtree(path)
            raise
        finally:
            self._end_victims()
        shutil.rmtree(path)

    def _end_victims(self):
        for victim in self._victims:
            victim.kill()
        self._victims.clear()

    def stress(self, directory, log, *options, faults=None, wait=True, seconds=60):
        """Runs `cart stress` on the journal in `directory`, with its ack log in `log`. Returns the `Victim`.

        With `wait`, it has ended; else it runs, and the caller waits. Statuses are for the caller to judge.
        """
        arguments = ["stress", "--dir", directory, "--ack-log", log, *options]
        metrics = pathlib.Path(log).parent / f"metrics-{self._runs}.prom"
        if "--snapshot-every" in options:
            arguments += ["--metrics", metrics, "--interval", "100ms"]
        victim = self.cart(*arguments, beside=log, faults=faults, directory=directory, wait=wait, seconds=seconds)
        victim.metrics = metrics
        if wait:
            self.count_returns(victim)
        return victim

    def leaving_memory(self, share=0.5, every=(1, 2, 3, 5, 10)):
        """Draws options for a run: in a share of them carts leave memory soon, and come back from snapshots.

        `every` is how many events may be between two snapshots.
        """
        if self.random.random() >= share:
            return ()
        options = ["--snapshot-every", self.random.choice(every)]
        leave = self.random.choice(("max-live", "passivate-after", "both"))
        if leave != "passivate-after":
            options += ["--max-live", self.random.choice((20, 40, 80))]
        if leave != "max-live":
            options += ["--passivate-after", f"{self.random.choice((10, 20, 50))}ms"]
        say(f"{self._outcome.name}: {' '.join(map(str, options))}")
        return tuple(options)

    def count_returns(self, victim):
        """Counts the carts that came back from a snapshot, as far as a run that has ended had told it."""
        if victim.metrics.exists():
            for line in victim.metrics.read_text().splitlines():
                if line.startswith('reprise_snapshot_reads_total{result="hit"}'):
                    self.fired(RETURNS, int(float(line.split()[1])))

    def cart(self, *arguments, beside, faults=None, directory=None, wait=True, seconds=60):
        """Runs any command of the program. The files of its output lie beside the file `beside`."""
        self._runs += 1
        output = pathlib.Path(beside).parent / f"run-{self._runs}-{arguments[0]}"
        victim = Victim(
            [self.program, *arguments],
            output,
            faults=faults,
            seed=self.random.getrandbits(32),
            directory=directory,
            interposer=self.interposer,
        )
        self._victims.append(victim)
        return victim.wait(seconds) if wait else victim

    def check(self, directory, log, seconds=120):
        """Judges a journal by its ack log with `cart check` and `cart journal verify`.

        Raises `Failure` with the output of what found a violation. Returns the `Victim` of `cart check`.
        """
        self.verify(directory, log, seconds)
        checked = self.cart("check", "--json", "--ack-log", log, "--dir", directory, beside=log, seconds=seconds)
        self.require(checked.status == 0, f"the checker found a violation\n{checked.story()}")
        self._outcome.judged += json.loads(checked.stdout)["answers"]["ids"]
        return checked

    def verify(self, directory, beside, seconds):
        """The half of `check` that needs no log. The files of its output lie beside the file `beside`."""
        verified = self.cart("journal", "verify", "--dir", directory, beside=beside, seconds=seconds)
        self.require(verified.status == 0, f"the journal does not verify\n{verified.story()}")

    def fired(self, what, count=1):
        """Counts that a fault really fired: one of the module's FAULTS, or more that is worth to be known."""
        self._outcome.fired[what] += count

    def count_fired(self, victim):
        """Counts all that the library under a victim says has fired. Returns the names."""
        names = self.fired_by(victim)
        for name in names:
            self.fired(name)
        return names

    def fired_by(self, victim):
        """Returns the names of all that the library under a victim says has fired."""
        names = victim.fired
        self.require("not_simulated" not in names, f"a file was changed, and no fault knows how\n{victim.story()}")
        return names

    def go_on(self, directory, log, *options):
        """Opens the journal after a fault, as users do: a run without faults must end well. Returns its `Victim`.

        It sends again what was left without an answer, and some new commands.
        """
        options = options or ("--commands", "200", "--clients", "8", *self.leaving_memory())
        again = ("--resend-from", log) if pathlib.Path(log).exists() else ()
        after = self.stress(directory, log, "--seed", self.random.getrandbits(31), *again, *options)
        self.require(after.status == 0, f"the journal does not go on after the fault\n{after.story()}")
        return after

    def note(self, text):
        """Something measured, that the report quotes."""
        self._outcome.notes.append(text)

    def require(self, condition, message):
        """Raises `Failure` with the message unless the condition holds."""
        if not condition:
            raise Failure(message)


def say(text):
    print(f"crash: {text}", file=sys.stderr, flush=True)


# -- running ----------------------------------------------------------------------------------------------------------


def available():
    return sorted(path.stem.removeprefix("faults_") for path in HERE.glob("faults_*.py"))


def run_module(name, options, outcomes):
    """Runs one module to its end or its first violation. Adds its outcome at once, for whoever interrupts it."""
    module = importlib.import_module(f"faults_{name}")
    outcome = Outcome(name, module.__doc__.strip().splitlines()[0])
    outcomes.append(outcome)
    started = time.monotonic()
    try:
        module.run(Battery(options, outcome))
        for fault in module.FAULTS:
            if outcome.fired[fault] == 0:
                outcome.violations.append(f"{fault} never fired: nothing was shown about it")
    except Failure as failure:
        outcome.violations.append(str(failure))
    except Exception:
        outcome.violations.append(f"the battery itself failed\n{traceback.format_exc()}")
    finally:
        outcome.seconds = time.monotonic() - started
    for violation in outcome.violations:
        say(f"{name}: FAILED: {violation}")


def run_all(names, options, outcomes):
    """Adds an outcome for each name. Returns the exit status."""
    try:
        for name in names:
            run_module(name, options, outcomes)
    except KeyboardInterrupt:
        return 130
    return 3 if any(outcome.violations for outcome in outcomes) else 0


# -- reports ----------------------------------------------------------------------------------------------------------


def print_table(outcomes, options, status):
    print(f"seed {options.seed}, {'long' if options.long else 'short'} form, {options.program}")
    print(f"{'fault':<16} {'rounds':>6} {'fired':>7} {'judged':>9} {'violations':>10} {'seconds':>8}")
    for o in outcomes:
        fired = sum(o.fired.values())
        print(f"{o.name:<16} {o.rounds:>6} {fired:>7} {o.judged:>9} {len(o.violations):>10} {o.seconds:>8.1f}")
    print("\nwhat fired:")
    for o in outcomes:
        for what, count in sorted(o.fired.items()):
            print(f"  {o.name:<16} {what:<32} {count:>7}")
        for text in o.notes:
            print(f"  {o.name:<16} {text}")
    verdicts = {0: "passed", 3: "FAILED", 130: "interrupted"}
    print(f"\n{verdicts[status]}")


def print_json(outcomes, options, status):
    faults = [
        {
            "name": o.name,
            "claim": o.claim,
            "rounds": o.rounds,
            "fired": dict(sorted(o.fired.items())),
            "judged": o.judged,
            "violations": o.violations,
            "notes": o.notes,
            "seconds": round(o.seconds, 3),
        }
        for o in outcomes
    ]
    report = {
        "schema": SCHEMA,
        "seed": options.seed,
        "long": options.long,
        "program": str(options.program),
        "status": status,
        "faults": faults,
    }
    print(json.dumps(report, indent=2))


# -- the command line -------------------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(1)


def parse(arguments):
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true", help="many more rounds: minutes to hours instead of minutes")
    parser.add_argument("--minutes", type=int, default=10, help="how long the long form's overload lasts, 2 to 60 [10]")
    parser.add_argument("--only", nargs="+", metavar="NAME", help=f"some of: {', '.join(available())}")
    parser.add_argument("--seed", type=int, help="repeats a run as far as scheduling allows")
    parser.add_argument("--program", type=pathlib.Path, default=BUILD / "examples" / "cart", help="another cart")
    parser.add_argument("--interposer", type=pathlib.Path, help="the library crash_faults, if it is elsewhere")
    parser.add_argument("--scratch", type=pathlib.Path, help="where journals are made; on a real file system")
    parser.add_argument("--json", action="store_true", help="a report for programs instead of a table")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.only or [] if name not in available()]
    if unknown:
        parser.error(f"there is no fault called {', '.join(unknown)}; there are: {', '.join(available())}")
    if not 2 <= options.minutes <= 60:
        parser.error(f"--minutes is 2 to 60, not {options.minutes}")
    if options.seed is None:
        options.seed = random.SystemRandom().getrandbits(31)
    options.program = options.program.resolve()
    if not os.access(options.program, os.X_OK):
        parser.error(f"there is no program {options.program}: build the target cart, or say --program")
    options.interposer = (options.interposer or find_interposer(options.program)).resolve()
    if not options.interposer.is_file():
        parser.error(f"there is no library {options.interposer}: build the target crash_faults, or say --interposer")
    if options.scratch is None:
        options.scratch = BUILD / "crash"
    options.scratch = options.scratch.resolve() / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    options.scratch.mkdir(parents=True)
    refuse_memory(options.scratch, parser)
    return options


def find_interposer(program):
    """The library of the same build as the program if there is one, else that of this checkout."""
    beside = program.parent.parent / "tests" / "libcrash_faults.so"
    return beside if beside.is_file() else BUILD / "tests" / "libcrash_faults.so"


def refuse_memory(path, parser):
    """A journal in memory has nothing to lose: what it survives proves nothing."""
    device = path.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        if fields[2] == number and re.search(r" - (tmpfs|ramfs) ", line):
            path.rmdir()
            parser.error(f"{path} is in memory: say --scratch with a directory on a real file system")


def main():
    options = parse(sys.argv[1:])
    say(f"seed {options.seed}, journals below {options.scratch}")
    outcomes = []
    status = run_all(options.only or available(), options, outcomes)
    with contextlib.suppress(OSError):
        options.scratch.rmdir()
    (print_json if options.json else print_table)(outcomes, options, status)
    sys.exit(status)


if __name__ == "__main__":
    main()
