"""A bit flipped, a file cut, a page zeroed, a file lost, in every class of file: reported, or harmless; never silent.

Each round damages files of a copy, one at a time, and each time asks every reader of the journal: `journal verify`,
`export`, `show` of carts that are stored near the damage and of another, and a restart that sends more commands. A
reader may say what it said of the sound journal, or fail and name a place. A reader that succeeds and says something
else is a violation, and so is one that says that a cart is not there, that is ended by a signal, or that does not end.

Events at the end that nobody was told of may be gone: a torn last write looks like that. Where FORMAT.md promises that
a damage is seen without the mark too, the mark is lost as well, now and then: that is any damage of anything but the
log, and in the log a damage that has whole writes behind it.

A second journal is one in which carts were trimmed, and what is damaged is the files with the states that stand for
their events, in tables and in a log. Half of the time there are no snapshots either, so that nothing else knows those
states.

`faults_snapshots.py` damages what is in the folder of the snapshots.
"""

import collections
import json
import re
import shutil

from ack_log import read_log
from journal_files import files_in
from trims import recorded_carts, trim
from victim import Failure

PAGE_BYTES = 4096
# How far from a damage a record can be that it takes with it: a block of a table, which is 16 KiB and stored compressed.
NEIGHBOURHOOD_BYTES = 6 * 1024

CLASSES = {
    "table": re.compile(r"\d+\.sst$"),
    "log": re.compile(r"\d+\.log$"),
    "MANIFEST": re.compile(r"MANIFEST-\d+$"),
    "CURRENT": re.compile(r"CURRENT$"),
    "OPTIONS": re.compile(r"OPTIONS-\d+$"),
    "IDENTITY": re.compile(r"IDENTITY$"),
    "LOCK": re.compile(r"LOCK$"),
    "mark": re.compile(r"reprise\.durable$"),
}
MARK = "reprise.durable"
FOLDER = "snapshots"
SNAPSHOTS = re.compile(r"snapshots/(?!.*/)")
# Where a damage lies matters in these, so each round damages more than one place of them.
PLACES = {"table": 3, "log": 2}

CART = re.compile(rb"shopping_cart/([A-Za-z0-9_.-]+)")
PLACE = re.compile(r'stream "|position \d|\.sst|\.log|MANIFEST|CURRENT|OPTIONS|reprise\.durable')


# -- the damages -------------------------------------------------------------------------------------------------------
# Each takes a file's bytes and chance, and returns the bytes that the damage leaves and where it begins; None for the
# bytes if the file is lost, and None at all if this file cannot be damaged in this way.


def flip_bit(content, random):
    if not content:
        return None
    at = random.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << random.randrange(8)]) + content[at + 1 :], at


def cut(content, random):
    if not content:
        return None
    at = random.randrange(len(content))
    return content[:at], at


def zero_page(content, random):
    at = PAGE_BYTES * random.randrange(len(content) // PAGE_BYTES + 1)
    page = content[at : at + PAGE_BYTES]
    if not any(page):
        return None
    return content[:at] + bytes(len(page)) + content[at + len(page) :], at


def lose(content, random):
    return None, random.randrange(len(content) or 1)




def early(way):
    """The same damage, but in the first half: in a log, with whole writes behind it."""

    def damage_early(content, random):
        half = len(content) // 2
        after, at = way(content[:half], random)
        return after + content[half:], at

    return damage_early


DAMAGES = {"bit flipped": flip_bit, "cut": cut, "page zeroed": zero_page, "lost": lose}
# A log that is cut, or the last write in it damaged, looks torn: without the mark nothing is left that could tell.
EARLY = {"bit flipped early": early(flip_bit), "page zeroed early": early(zero_page)}
# A file without content, the lock, can only be lost.
FAULTS = [f"{kind} {name}" for kind in CLASSES for name in DAMAGES if kind != "LOCK" or name == "lost"]
FAULTS += [f"log {name}, mark lost" for name in EARLY]
# Beginnings of the keys under which a trim stores what stands for events, and how much is gone.
OF_TRIM = re.compile(rb"base/|trimmed/")


def flip_of_trim(content, random):
    """A bit in a key or a value that a trim wrote."""
    starts = [found.start() for found in OF_TRIM.finditer(content)]
    if not starts:
        return None
    at = min(random.choice(starts) + random.randrange(60), len(content) - 1)
    return content[:at] + bytes([content[at] ^ 1 << random.randrange(8)]) + content[at + 1 :], at


TRIM_DAMAGES = {**DAMAGES, "bit of a trim flipped": flip_of_trim}
FAULTS += [f"trimmed, {kind} {name}" for kind in ("table", "log") for name in TRIM_DAMAGES]


# -- the readers -------------------------------------------------------------------------------------------------------


class SoundJournal:
    """A journal with tables and a log, what its readers say of it, and which commands were acknowledged.

    `trimmed` are the carts of which it has the last events only, and `untrimmed` is what `export` and `show` say of the
    journal before the last of those trims: if that was the last write, its damage looks like a write that never was.
    """

    def __init__(self, battery, scratch, make):
        self.battery = battery
        self.directory, self.log, self.copy = scratch / "journal", scratch / "acks.jsonl", scratch / "copy"
        self.beside = scratch / "damaged" / "acks.jsonl"
        self.trimmed, before = make(battery, self.directory, self.log)
        self.acknowledged = acknowledged_ids(self.log)
        self.renew_copy()
        battery.check(self.copy, self.log)
        self.renew_copy()
        self.events = self.read("export").stdout.splitlines()
        self.carts = carts_of(self.events)
        self.shown = {cart: self.read("show", cart).stdout for cart in self.carts}
        self.untrimmed = None
        if before:
            self.renew_copy(before)
            shown = {cart: self.read("show", cart).stdout for cart in self.trimmed}
            self.untrimmed = self.read("export").stdout.splitlines(), shown

    def read(self, tool, *arguments):
        """Runs one of the tools on the copy."""
        return self.battery.cart("journal", tool, "--dir", self.copy, *arguments, beside=self.beside)

    def is_report(self, reading):
        """Whether a program failed because of a damage, and said where: in the copy at least, if not where in it."""
        text = reading.stderr + reading.stdout
        names_place = PLACE.search(text) is not None or str(self.copy) in text
        return reading.status in (2, 3) and names_place and "has no events" not in text

    def renew_copy(self, of=None):
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(of or self.directory, self.copy)
        shutil.rmtree(self.beside.parent, ignore_errors=True)
        self.beside.parent.mkdir()

    def has_acknowledged(self, events):
        """Whether `events` are this journal's, from the first on, with all that somebody was told of."""
        if self.untrimmed and events == self.untrimmed[0]:
            return True
        count = len(events)
        return events == self.events[:count] and self.may_lack(self.events[count:])

    def may_lack(self, events):
        """Whether nobody was told of these."""
        return not self.acknowledged.intersection(json.loads(line)["command_id"] for line in events)

    def files(self, pattern):
        return sorted(self.directory / name for name in files_in(self.directory) if pattern.match(name))

    def some_file(self, pattern):
        """One of a class. A disk damages a byte, not a file: a file of twice the size is damaged twice as often."""
        files = self.files(pattern)
        return self.battery.random.choices(files, [file.stat().st_size + 1 for file in files])[0]


def make_journal(battery, directory, log):
    """Three lives: what the first two wrote is in tables, and the third is killed, so that what it wrote is in a log."""
    load = ["--carts", "200", "--dist", "uniform"]
    for seed in (1, 2):
        life = battery.stress(directory, log, "--commands", "3000", "--seed", seed, *load, "--snapshot-every", "10")
        battery.require(life.status == 0, f"a life without faults fails\n{life.story()}")
    before = newest_log(directory)
    victim = battery.stress(directory, log, "--commands", "10000000", "--seed", "3", *load, wait=False)
    victim.wait_until(
        lambda: newest_log(directory) != before and newest_log(directory).stat().st_size > 256 * 1024,
        "a log of 256 KiB in the third life",
    )
    victim.kill()
    return [], None


def make_trimmed_journal(battery, directory, log):
    """Two lives, with carts trimmed behind each. What the first trims wrote is in tables, and what the last did in a log.

    Returns the carts that were trimmed, and a copy of what there was before the last one was.
    """
    trimmed, before = [], directory.parent / "before"
    for seed in (1, 2):
        life = battery.stress(directory, log, "--commands", "1500", "--seed", seed, "--carts", "40")
        battery.require(life.status == 0, f"a life without faults fails\n{life.story()}")
        carts = [cart for cart in recorded_carts(log) if cart not in trimmed][:3]
        for cart in carts:
            shutil.rmtree(before, ignore_errors=True)
            shutil.copytree(directory, before)
            trim(battery, directory, log, cart)
        trimmed += carts
    return trimmed, before


def carts_of(events):
    return {json.loads(line)["stream"].partition("/")[2] for line in events}


def newest_log(directory):
    return max(directory.glob("*.log"), key=lambda f: f.name)


def acknowledged_ids(log):
    return {
        line["id"]
        for line in read_log(log)
        if line["t"] == "answer" and line["result"] == "accepted" and line["events"] > 0
    }


# -- judging -----------------------------------------------------------------------------------------------------------


def judge(sound, carts):
    """Reads the damaged copy in every way. Returns whether somebody reported a damage; raises at a silent one."""
    require = sound.battery.require
    export = sound.read("export")
    events = export.stdout.splitlines()
    is_whole = export.status == 0 and sound.has_acknowledged(events)
    require(is_whole or sound.is_report(export), f"export is neither whole nor a report\n{export.story()}")
    verify = sound.read("verify")
    if verify.status == 0:
        counted = int(verify.stdout.split(" ", 1)[0].replace(",", ""))
        require(is_whole and counted == len(events), f"verify is content, export is not\n{export.story()}")
    else:
        require(sound.is_report(verify), f"verify fails and names no place\n{verify.story()}")
    # Of a cart whose last event nobody was told of, less may be shown, or nothing: export has compared those.
    is_shorter = is_whole and len(events) < len(sound.events)
    left = carts_of(events) if is_shorter else sound.carts
    reported = [judge_show(sound, cart, is_shorter) for cart in carts if cart in left]
    require(all(is_unknown(sound, cart) for cart in carts if cart not in left), "show knows what export does not")
    was_told = judge_restart(sound, events if is_whole else sound.events)
    return any([*reported, not is_whole, verify.status != 0, was_told])


def judge_show(sound, cart, may_be_shorter):
    show = sound.read("show", cart)
    said = [sound.shown[cart], sound.untrimmed[1].get(cart) if sound.untrimmed else None]
    is_same = show.status == 0 and (may_be_shorter or show.stdout in said)
    sound.battery.require(is_same or sound.is_report(show), f"a cart is neither the same nor reported\n{show.story()}")
    return show.status != 0


def is_unknown(sound, cart):
    show = sound.read("show", cart)
    return show.status == 2 and "has no events" in show.stderr


def judge_restart(sound, events):
    """Goes on with the damaged copy. What it holds then begins with `events`, which it held, or the damage is reported."""
    load = ["--commands", "300", "--seed", "4", "--carts", "200", "--dist", "uniform"]
    restart = sound.battery.stress(sound.copy, sound.beside, *load)
    for reading in (restart, export := sound.read("export")):
        sound.battery.require(reading.status == 0 or sound.is_report(reading), f"no place is named\n{reading.story()}")
    if restart.status != 0 or export.status != 0:
        return True
    kept = 0
    for before, after in zip(events, export.stdout.splitlines()):
        if before != after:
            break
        kept += 1
    sound.battery.require(
        sound.may_lack(events[kept:]),
        f"after a restart, event {kept + 1} is not what was acknowledged\n{restart.story()}",
    )
    return False


def carts_to_show(sound, content, at, most=5):
    """All that were trimmed, some carts that are stored near the damage, and one from anywhere."""
    near = CART.findall(content[max(0, at - NEIGHBOURHOOD_BYTES) : at + NEIGHBOURHOOD_BYTES])
    near = sorted({cart.decode() for cart in near} & sound.carts - set(sound.trimmed))
    random = sound.battery.random
    return sound.trimmed + random.sample(near, min(most, len(near))) + [random.choice(sorted(sound.carts))]


def damage(sound, file, name, way, lost_too=()):
    """Damages one file of a fresh copy. Returns whether that was reported; None if it cannot be damaged in this way.

    `lost_too` names what the copy lacks besides.
    """
    content = file.read_bytes()
    damaged = way(content, sound.battery.random)
    if damaged is None:
        return None
    after, at = damaged
    sound.renew_copy()
    if MARK in lost_too:
        (sound.copy / MARK).unlink()
    if FOLDER in lost_too:
        shutil.rmtree(sound.copy / FOLDER)
    if after is None:
        (sound.copy / file.name).unlink()
    else:
        (sound.copy / file.name).write_bytes(after)
    try:
        return judge(sound, carts_to_show(sound, content, at))
    except Failure as failure:
        others = "".join(f", and {other} lost" for other in lost_too)
        raise Failure(f"{file.name} of {len(content)} bytes, {name} at {at}{others}: {failure}") from failure


def damage_every_class(sound, outcomes):
    random = sound.battery.random
    for kind, pattern in CLASSES.items():
        for name, way in DAMAGES.items():
            for _ in range(PLACES.get(kind, 1)):
                loses_mark = kind not in ("log", "mark") and random.random() < 0.3
                reported = damage(sound, sound.some_file(pattern), name, way, [MARK] if loses_mark else [])
                if reported is None:
                    continue
                sound.battery.fired(f"{kind} {name}")
                outcomes[kind, reported] += 1


def damage_log_without_mark(sound):
    log = newest_log(sound.directory)
    for name, way in EARLY.items():
        reported = damage(sound, log, name, way, [MARK])
        sound.battery.require(reported, f"{log.name}, {name}, and {MARK} lost: nobody said so")
        sound.battery.fired(f"log {name}, mark lost")


def damage_trims(sound, outcomes):
    """Damages the files that have what trims wrote, in tables and in the log."""
    random = sound.battery.random
    for kind in ("table", "log"):
        files = [file for file in sound.files(CLASSES[kind]) if OF_TRIM.search(file.read_bytes())]
        sound.battery.require(files, f"no {kind} has what a trim wrote")
        for name, way in TRIM_DAMAGES.items():
            reported = damage(sound, random.choice(files), name, way, [FOLDER] if random.random() < 0.5 else [])
            sound.battery.fired(f"trimmed, {kind} {name}")
            outcomes[f"trimmed, {kind}", reported] += 1


def run(battery):
    outcomes = collections.Counter()
    with battery.scratch("damage") as scratch:
        sound = SoundJournal(battery, scratch, make_journal)
        for kind, pattern in CLASSES.items():
            battery.require(sound.files(pattern), f"the journal has no {kind}")
        known = [*CLASSES.values(), SNAPSHOTS]
        unknown = [name for name in files_in(sound.directory) if not any(p.match(name) for p in known)]
        battery.require(not unknown, f"files of no known class: {', '.join(unknown)}")
        for _ in battery.rounds(short=1, long=25):
            damage_log_without_mark(sound)
            damage_every_class(sound, outcomes)
    with battery.scratch("trimmed") as scratch:
        sound = SoundJournal(battery, scratch, make_trimmed_journal)
        for _ in battery.rounds(short=1, long=25):
            damage_trims(sound, outcomes)
    for kind in (*CLASSES, "trimmed, table", "trimmed, log"):
        battery.note(f"{kind}: {outcomes[kind, True]} reported, {outcomes[kind, False]} harmless")
