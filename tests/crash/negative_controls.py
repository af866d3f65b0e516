#!/usr/bin/env python3
"""Breaks the runtime on purpose, one place at a time, and requires that the crash battery fails on every such build.

    tests/crash/negative_controls.py [--only NAME…] [--interposer PATH] [--scratch DIR] [--seed N]

Copies what `cart` is built from to a directory of its own, shows that the parts of the battery pass there, and then
for each control edits one place of the copy, builds `cart`, and runs the part that must catch it. A control is caught
if that part exits with 3 and says what the control broke. One whose place has changed is an error, not a pass. Broken
builds are kept, and used again until the sources, the control or the build of the copy as it is are others.

Exits with 0 if all were caught, 3 if one was not or the battery fails on the copy as it is, 2 if it could not do its
work, 1 on wrong usage, 130 if interrupted.
"""

import argparse
import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SOURCES = ("CMakeLists.txt", "runtime", "actors", "examples")
BATTERY_SECONDS = 600


@dataclasses.dataclass
class Control:
    """A promise that is broken: where, what stands there, what is put there, and which part must say what."""

    name: str
    file: str
    before: str
    after: str
    part: str
    says: str


JUDGED = "the checker found a violation|the journal does not verify"
UNSETTLED = JUDGED + "|an id is stored twice|not the first answer"
MISREAD = "neither the same nor reported|neither whole nor a report|not what was acknowledged|nobody said so"

CONTROLS = [
    Control(
        "sync off",
        "runtime/reprise/rocksdb_journal.cpp",
        "    options.sync = seams_.syncs;\n",
        "    options.sync = false;\n",
        "power_loss",
        JUDGED + "|were acknowledged, and the journal ends before",
    ),
    Control(
        "answer before the write",
        "actors/reprise/append_queue.cpp",
        "  queued_.push_back(std::move(a));\n",
        "  if (a.content) a.content->settle(a.reply);\n  queued_.push_back(std::move(a));\n",
        "kill",
        JUDGED,
    ),
    Control(
        "one event in 10,000 dropped",
        "actors/reprise/aggregate_actor.cpp",
        "  const std::uint64_t expected = version_;\n",
        "  static std::atomic<int> recorded{0};\n"
        "  if (++recorded % 10'000 == 0) {\n"
        "    return d->settle({answer_kind::accepted, version_ + events.count(), 1, {}});\n"
        "  }\n"
        "  const std::uint64_t expected = version_;\n",
        "two_processes",
        JUDGED,
    ),
    Control(
        "applied twice on a retry",
        "actors/reprise/aggregate_actor.cpp",
        "if (const auto first = window_.find(d->options().id, now)) {",
        "if (const auto first = dedup_window(0).find(d->options().id, now)) {",
        "retries",
        UNSETTLED,
    ),
    Control(
        "snapshots without the ids of commands",
        "actors/reprise/aggregate_actor.cpp",
        "    for (auto& e : window_.entries()) {\n",
        "    for (auto& e : dedup_window(0).entries()) {\n",
        "retries",
        UNSETTLED,
    ),
    Control(
        "a snapshot of another history is taken",
        "runtime/reprise/rebuild.cpp",
        "  if (std::string reason = fault_of_footing(in, s); !reason.empty()) {\n",
        "  if (std::string reason = s.version == 0 ? fault_of_footing(in, s) : \"\"; !reason.empty()) {\n",
        "snapshots",
        JUDGED,
    ),
    Control(
        "iterator status ignored",
        "runtime/reprise/rocksdb_reader.cpp",
        'if (checks_iterators_) require(it.status(), "read the journal", where);',
        "static_cast<void>(it), static_cast<void>(where);",
        "damage",
        MISREAD,
    ),
    Control(
        "RocksDB's default recovery of its log",
        "runtime/reprise/rocksdb_journal_env.hpp",
        "true;                      ///< false: RocksDB's default",
        "false;                     ///< false: RocksDB's default",
        "damage",
        MISREAD,
    ),
]


class Unable(Exception):
    """What keeps the controls from being run."""


def say(text):
    print(f"controls: {text}", file=sys.stderr, flush=True)


# -- the copy ----------------------------------------------------------------------------------------------------------


class Copy:
    """What `cart` is built from, elsewhere: its sources, its build, and the journals of the battery."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.tree, self.made, self.journals = scratch / "tree", scratch / "build", scratch / "journals"
        self.kept = scratch / "broken"
        self.program = self.made / "examples" / "cart"

    def renew(self):
        """Makes the copy what the checkout is. Only what differs is written, so that only that is built again."""
        wanted = {path.relative_to(ROOT) for path in sources_below(ROOT)}
        for path in list(sources_below(self.tree)):
            if path.relative_to(self.tree) not in wanted:
                path.unlink()
        for relative in wanted:
            content, copy = (ROOT / relative).read_bytes(), self.tree / relative
            if copy.is_file() and copy.read_bytes() == content:
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)

    def configure(self):
        options = ["-DCMAKE_BUILD_TYPE=Release", "-DREPRISE_TESTS=OFF", "-DREPRISE_INSTALL=OFF"]
        self.run(["cmake", "-S", self.tree, "-B", self.made, "-G", "Ninja", *options], "configure the copy")

    def build(self, what):
        self.run(["cmake", "--build", self.made, "--target", "cart"], f"build {what}")

    def run(self, command, what):
        environment = dict(os.environ, CCACHE_BASEDIR=str(self.scratch), CCACHE_NOHASHDIR="1")
        ended = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=environment
        )
        if ended.returncode != 0:
            raise Unable(f"cannot {what}\n{ended.stdout[-4000:]}")

    def build_as_it_is(self):
        self.build("the copy as it is")
        self.sound = self.program.read_bytes()

    def build_broken(self, control):
        """Returns a program with the control in it: that of an earlier run if nothing that goes into it has changed."""
        whole = (self.tree / control.file).read_text()
        if whole.count(control.before) != 1:
            raise Unable(f"{control.name}: {control.file} says {whole.count(control.before)} times: {control.before}")
        text = whole.replace(control.before, control.after)
        kept = self.kept / re.sub(r"\W+", "-", control.name) / self.fingerprint(control.file, text)
        if not kept.is_file():
            shutil.rmtree(kept.parent, ignore_errors=True)
            with self.edited(control.file, text):
                self.build(control.name)
                kept.parent.mkdir(parents=True)
                # Renamed, so that one who interrupts this leaves no half of a program.
                shutil.copy(self.program, unfinished := kept.with_suffix(".unfinished"))
                unfinished.rename(kept)
        return kept

    def fingerprint(self, file, text):
        """A name for all that goes into a build of the copy in which a file has another text."""
        sources = {path.relative_to(self.tree): path.read_bytes() for path in sources_below(self.tree)}
        sources[pathlib.Path(file)] = text.encode()
        # Another compiler or library makes another program of the copy as it is.
        digest = hashlib.sha256(self.sound)
        for path, content in sorted(sources.items()):
            digest.update(f"{path} {len(content)}\n".encode() + content)
        return digest.hexdigest()[:16]

    @contextlib.contextmanager
    def edited(self, file, text):
        """For the time of the `with`, a file of the copy has another text."""
        path = self.tree / file
        whole = path.read_text()
        path.write_text(text)
        try:
            yield
        finally:
            path.write_text(whole)


def sources_below(root):
    for name in SOURCES:
        top = root / name
        yield from [top] if top.is_file() else (f for f in top.rglob("*") if f.is_file() and f.suffix != ".md")


# -- the battery -------------------------------------------------------------------------------------------------------


def violations_of(program, parts, copy, options):
    """Runs parts of the battery on a program. Returns its exit status and all violations that it found."""
    command = [HERE / "battery.py", "--json", "--program", program, "--scratch", copy.journals]
    command += ["--interposer", options.interposer] if options.interposer else []
    command += ["--seed", str(options.seed)] if options.seed is not None else []
    command += ["--only", *parts]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=BATTERY_SECONDS)
    except subprocess.TimeoutExpired as late:
        raise Unable(f"the battery did not end within {BATTERY_SECONDS} s: {' '.join(map(str, command))}") from late
    if ended.returncode not in (0, 3):
        raise Unable(f"the battery exits with {ended.returncode}\n{ended.stderr[-4000:]}")
    report = json.loads(ended.stdout)
    return ended.returncode, [violation for fault in report["faults"] for violation in fault["violations"]]


def is_sound(parts, copy, options):
    copy.renew()
    copy.configure()
    copy.build_as_it_is()
    status, violations = violations_of(copy.program, parts, copy, options)
    if status == 0:
        say(f"the copy as it is passes: {', '.join(parts)}")
        return True
    print("FAILED    the copy as it is does not pass:\n" + "\n".join(violations))
    return False


def is_caught(control, copy, options):
    """Prints what the battery says of a build of the copy with the control in it."""
    started = time.monotonic()
    status, violations = violations_of(copy.build_broken(control), [control.part], copy, options)
    caught = [v for v in violations if re.search(control.says, v)] if status == 3 else []
    seconds = time.monotonic() - started
    if caught:
        # What a broken build leaves is no use to anybody.
        shutil.rmtree(copy.journals)
        finding = caught[0].splitlines()[0]
        print(f"caught    {control.name}\n          by {control.part}, in {seconds:.0f} s: {finding}", flush=True)
    else:
        others = "".join(f"\n  but it said: {violation}" for violation in violations)
        print(f"UNNOTICED {control.name}: {control.part} exits with {status}{others}", flush=True)
    return bool(caught)


# -- the command line --------------------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(1)


def parse(arguments):
    parser = Parser(description=__doc__.splitlines()[0])
    names = [control.name for control in CONTROLS]
    parser.add_argument("--only", nargs="+", metavar="NAME", help=f"some of: {', '.join(names)}")
    parser.add_argument("--interposer", type=pathlib.Path, help="the library crash_faults [of build/release]")
    scratch = ROOT / "build" / "negative-controls"
    parser.add_argument("--scratch", type=pathlib.Path, default=scratch, help="where the copy is made, and kept")
    parser.add_argument("--seed", type=int, help="of the battery")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.only or [] if name not in names]
    if unknown:
        parser.error(f"there is no control called {', '.join(unknown)}; there are: {', '.join(names)}")
    return options


def main():
    options = parse(sys.argv[1:])
    controls = [control for control in CONTROLS if not options.only or control.name in options.only]
    parts = sorted({control.part for control in controls})
    copy = Copy(options.scratch.resolve())
    try:
        if not is_sound(parts, copy, options):
            return 3
        caught = sum([is_caught(control, copy, options) for control in controls])
        # The next run finds the copy built as it is.
        copy.build_as_it_is()
    except Unable as reason:
        say(reason)
        return 2
    except KeyboardInterrupt:
        return 130
    print(f"{caught} of {len(controls)} broken builds were caught")
    return 0 if caught == len(controls) else 3


if __name__ == "__main__":
    sys.exit(main())
