"""The folder of the snapshots damaged, lost, or of another history: each cart is what its events say.

A copy of a journal has one file of `snapshots/` damaged, or the folder itself. Then `journal verify` must be content with
the journal, `cart check` recovers every cart and must find what the clients were told, a run must go on, and `cart check`
must be content with what it leaves. What a recovery passes over it has to say: how often it did is counted. Nobody can
tell what a log that is not synced may have had.

Another journal was restored from a backup and went on, and finds the snapshots of the future that it lost.
"""

import collections
import shutil

from faults_damage import CLASSES, DAMAGES
from journal_files import files_in
from victim import Failure

FOLDER = "snapshots"
IN_FOLDER = {kind: pattern for kind, pattern in CLASSES.items() if kind != "mark"}
SAYS = "a snapshot was passed over"
OTHER = "snapshots of another history"


def lose_folder(folder):
    shutil.rmtree(folder)


def empty_folder(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def put_file_in_place(folder):
    shutil.rmtree(folder)
    folder.write_text("no folder\n")


FOLDER_DAMAGES = {"lost": lose_folder, "emptied": empty_folder, "a file in its place": put_file_in_place}
# Without these nothing of a database can be read, or what it says that there is.
MUST_BE_TOLD = [("table", "lost"), ("MANIFEST", "lost"), ("CURRENT", "lost"), ("folder", "a file in its place")]
# A file without content, the lock, can only be lost.
FAULTS = [f"{kind} {name}" for kind in IN_FOLDER for name in DAMAGES if kind != "LOCK" or name == "lost"]
FAULTS += [f"folder {name}" for name in FOLDER_DAMAGES] + [SAYS, OTHER]
LOAD = ("--carts", "30", "--snapshot-every", "3", "--max-live", "15")


class Snapshots:
    """A sound journal, and a copy of it, which is damaged."""

    def __init__(self, battery, scratch):
        self.battery = battery
        self.directory, self.log = scratch / "journal", scratch / "acks.jsonl"
        self.copy, self.copied_log = scratch / "copy" / "journal", scratch / "copy" / "acks.jsonl"
        # What the first life saved is in a table when the second one has opened it, and what that saves is in a log.
        for seed in (1, 2):
            life = battery.stress(self.directory, self.log, "--commands", "600", "--seed", seed, *LOAD)
            battery.require(life.status == 0, f"a life without faults fails\n{life.story()}")
        self.renew_copy()
        battery.check(self.copy, self.copied_log)

    def renew_copy(self):
        shutil.rmtree(self.copy.parent, ignore_errors=True)
        self.copy.parent.mkdir()
        shutil.copytree(self.directory, self.copy)
        shutil.copy(self.log, self.copied_log)

    def files(self, pattern):
        return [name for name in files_in(self.directory) if name.startswith(FOLDER) and pattern.match(name[10:])]

    def judge(self):
        """Returns what the recovery of all carts passed over, a line each. Raises at any harm."""
        checked = self.battery.check(self.copy, self.copied_log)
        self.battery.go_on(self.copy, self.copied_log, "--commands", "300", *LOAD)
        after = self.battery.cart("check", "--ack-log", self.copied_log, "--dir", self.copy, beside=self.copied_log)
        self.battery.require(after.status == 0, f"the checker found a violation\n{after.story()}")
        return [line for line in checked.stderr.splitlines() if "snapshot" in line]


def damage_file(snapshots, kind, name):
    """Damages a file of a class. Returns what was passed over; None if it cannot be damaged in this way."""
    random = snapshots.battery.random
    file = random.choice(snapshots.files(IN_FOLDER[kind]))
    content = (snapshots.directory / file).read_bytes()
    damaged = DAMAGES[name](content, random)
    if damaged is None:
        return None
    after, at = damaged
    snapshots.renew_copy()
    if after is None:
        (snapshots.copy / file).unlink()
    else:
        (snapshots.copy / file).write_bytes(after)
    try:
        return snapshots.judge()
    except Failure as failure:
        raise Failure(f"{file} of {len(content)} bytes, {name} at {at}: {failure}") from failure


def damage_folder(snapshots, name):
    snapshots.renew_copy()
    FOLDER_DAMAGES[name](snapshots.copy / FOLDER)
    try:
        return snapshots.judge()
    except Failure as failure:
        raise Failure(f"the folder {FOLDER}, {name}: {failure}") from failure


def bring_another_history(battery):
    """A backup goes on, past the versions of what was lost with the rest, and is given the snapshots of that."""
    with battery.scratch("backup") as scratch:
        lost, kept = scratch / "lost", scratch / "kept"
        lost_log, log = scratch / "lost.jsonl", scratch / "acks.jsonl"
        load = ("--carts", "60", "--mix", "add=100,remove=0,view=0,checkout=0")
        battery.go_on(lost, lost_log, "--commands", "500", *load)
        shutil.copytree(lost, kept)
        shutil.copy(lost_log, log)
        battery.go_on(lost, lost_log, "--commands", "500", *load, "--snapshot-every", "1")
        battery.go_on(kept, log, "--commands", "1500", *load)
        shutil.copytree(lost / FOLDER, kept / FOLDER)
        checked = battery.check(kept, log)
        battery.fired(OTHER, sum("the journal has " in line for line in checked.stderr.splitlines()))
        battery.go_on(kept, log, "--commands", "500", *load, "--snapshot-every", "1")
        battery.check(kept, log)


def run(battery):
    outcomes = collections.Counter()

    def count(kind, name, passed_over):
        told = bool(passed_over) or (kind, name) not in MUST_BE_TOLD
        battery.require(told, f"{kind} of the snapshots {name}: nobody said so")
        battery.fired(f"{kind} {name}")
        battery.fired(SAYS, len(passed_over))
        outcomes[kind, bool(passed_over)] += 1

    for _ in battery.rounds(short=1, long=20):
        bring_another_history(battery)
    with battery.scratch("damage") as scratch:
        snapshots = Snapshots(battery, scratch)
        for kind, pattern in IN_FOLDER.items():
            battery.require(snapshots.files(pattern), f"there is no {kind} in {FOLDER}")
        for _ in battery.rounds(short=1, long=40):
            for kind in IN_FOLDER:
                for name in DAMAGES:
                    passed_over = damage_file(snapshots, kind, name)
                    if passed_over is not None:
                        count(kind, name, passed_over)
            for name in FOLDER_DAMAGES:
                count("folder", name, damage_folder(snapshots, name))
    for kind in (*IN_FOLDER, "folder"):
        battery.note(f"{kind}: {outcomes[kind, True]} told, {outcomes[kind, False]} with nothing to tell")
