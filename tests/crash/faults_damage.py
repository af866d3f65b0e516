"""A bit flipped, a file cut, a page zeroed, a file lost, in every class of file: reported, or harmless; never silent.

Each round damages files of a copy, one at a time, and each time asks every reader of the journal: `journal verify`,
`export`, `show` of carts that are stored near the damage and of another, and a restart that sends more commands. A
reader may say what it said of the sound journal, or fail and name a place. A reader that succeeds and says something
else is a violation, and so is one that says that a cart is not there, that is ended by a signal, or that does not end.

Events at the end that nobody was told of may be gone: a torn last write looks like that. Where FORMAT.md promises that
a damage is seen without the mark too, the mark is lost as well, now and then: that is any damage of anything but the
log, and in the log a damage that has whole writes behind it.
"""

import collections
import json
import re
import shutil

from ack_log import read_log
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
# Where a damage lies matters in these, so each round damages more than one place of them.
PLACES = {"table": 4, "log": 3, "MANIFEST": 2}

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


# -- the readers -------------------------------------------------------------------------------------------------------


class SoundJournal:
    """A journal with tables and a log, what its readers say of it, and which commands were acknowledged."""

    def __init__(self, battery, scratch):
        self.battery = battery
        self.directory, self.log, self.copy = scratch / "journal", scratch / "acks.jsonl", scratch / "copy"
        self.beside = scratch / "damaged" / "acks.jsonl"
        make_journal(battery, self.directory, self.log)
        self.acknowledged = acknowledged_ids(self.log)
        self.renew_copy()
        battery.check(self.copy, self.log)
        self.renew_copy()
        self.events = self.read("export").stdout.splitlines()
        records = [json.loads(line) for line in self.events]
        self.ids = [record["command_id"] for record in records]
        self.carts = {record["stream"].partition("/")[2] for record in records}
        self.shown = {cart: self.read("show", cart).stdout for cart in self.carts}

    def read(self, tool, *arguments):
        """Runs one of the tools on the copy."""
        return self.battery.cart("journal", tool, "--dir", self.copy, *arguments, beside=self.beside)

    def is_report(self, reading):
        """Whether a program failed because of a damage, and said where: in the copy at least, if not where in it."""
        text = reading.stderr + reading.stdout
        names_place = PLACE.search(text) is not None or str(self.copy) in text
        return reading.status in (2, 3) and names_place and "has no events" not in text

    def renew_copy(self):
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.directory, self.copy)
        shutil.rmtree(self.beside.parent, ignore_errors=True)
        self.beside.parent.mkdir()

    def has_acknowledged(self, events):
        """Whether `events` are this journal's, from the first on, with all that somebody was told of."""
        count = len(events)
        return events == self.events[:count] and not self.acknowledged.intersection(self.ids[count:])

    def files(self, pattern):
        return sorted(f for f in self.directory.iterdir() if pattern.match(f.name))

    def some_file(self, pattern):
        """One of a class. A disk damages a byte, not a file: a file of twice the size is damaged twice as often."""
        files = self.files(pattern)
        return self.battery.random.choices(files, [file.stat().st_size + 1 for file in files])[0]


def make_journal(battery, directory, log):
    """Three lives: what the first two wrote is in tables, and the third is killed, so that what it wrote is in a log."""
    load = ["--carts", "200", "--dist", "uniform"]
    for seed in (1, 2):
        life = battery.stress(directory, log, "--commands", "3000", "--seed", seed, *load)
        battery.require(life.status == 0, f"a life without faults fails\n{life.story()}")
    before = newest_log(directory)
    victim = battery.stress(directory, log, "--commands", "10000000", "--seed", "3", *load, wait=False)
    victim.wait_until(
        lambda: newest_log(directory) != before and newest_log(directory).stat().st_size > 256 * 1024,
        "a log of 256 KiB in the third life",
    )
    victim.kill()


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
    # Of a cart whose last event nobody was told of, less may be shown: export has compared those.
    is_shorter = is_whole and len(events) < len(sound.events)
    reported = [judge_show(sound, cart, is_shorter) for cart in carts]
    return any([*reported, not is_whole, verify.status != 0, judge_restart(sound)])


def judge_show(sound, cart, may_be_shorter):
    show = sound.read("show", cart)
    is_same = show.status == 0 and (may_be_shorter or show.stdout == sound.shown[cart])
    sound.battery.require(is_same or sound.is_report(show), f"a cart is neither the same nor reported\n{show.story()}")
    return show.status != 0


def judge_restart(sound):
    """Goes on with the damaged copy. What it holds then begins with what it held, or the damage is reported."""
    load = ["--commands", "300", "--seed", "4", "--carts", "200", "--dist", "uniform"]
    restart = sound.battery.stress(sound.copy, sound.beside, *load)
    for reading in (restart, export := sound.read("export")):
        sound.battery.require(reading.status == 0 or sound.is_report(reading), f"no place is named\n{reading.story()}")
    if restart.status != 0 or export.status != 0:
        return True
    kept = 0
    for before, after in zip(sound.events, export.stdout.splitlines()):
        if before != after:
            break
        kept += 1
    sound.battery.require(
        sound.has_acknowledged(sound.events[:kept]),
        f"after a restart, position {kept + 1} is not what was acknowledged\n{restart.story()}",
    )
    return False


def carts_to_show(sound, content, at, most=6):
    """Some carts that are stored near the damage, and one from anywhere."""
    near = CART.findall(content[max(0, at - NEIGHBOURHOOD_BYTES) : at + NEIGHBOURHOOD_BYTES])
    near = sorted({cart.decode() for cart in near} & sound.carts)
    random = sound.battery.random
    return random.sample(near, min(most, len(near))) + [random.choice(sorted(sound.carts))]


def damage(sound, file, name, way, loses_mark=False):
    """Damages one file of a fresh copy. Returns whether that was reported; None if it cannot be damaged in this way."""
    content = file.read_bytes()
    damaged = way(content, sound.battery.random)
    if damaged is None:
        return None
    after, at = damaged
    sound.renew_copy()
    if loses_mark:
        (sound.copy / MARK).unlink()
    if after is None:
        (sound.copy / file.name).unlink()
    else:
        (sound.copy / file.name).write_bytes(after)
    try:
        return judge(sound, carts_to_show(sound, content, at))
    except Failure as failure:
        marked = ", and the mark lost" if loses_mark else ""
        raise Failure(f"{file.name} of {len(content)} bytes, {name} at {at}{marked}: {failure}") from failure


def damage_every_class(sound, outcomes):
    random = sound.battery.random
    for kind, pattern in CLASSES.items():
        for name, way in DAMAGES.items():
            for _ in range(PLACES.get(kind, 1)):
                loses_mark = kind not in ("log", "mark") and random.random() < 0.3
                reported = damage(sound, sound.some_file(pattern), name, way, loses_mark)
                if reported is None:
                    continue
                sound.battery.fired(f"{kind} {name}")
                outcomes[kind, reported] += 1


def damage_log_without_mark(sound):
    log = newest_log(sound.directory)
    for name, way in EARLY.items():
        reported = damage(sound, log, name, way, loses_mark=True)
        sound.battery.require(reported, f"{log.name}, {name}, and {MARK} lost: nobody said so")
        sound.battery.fired(f"log {name}, mark lost")


def run(battery):
    outcomes = collections.Counter()
    with battery.scratch("damage") as scratch:
        sound = SoundJournal(battery, scratch)
        for kind, pattern in CLASSES.items():
            battery.require(sound.files(pattern), f"the journal has no {kind}")
        unknown = [f.name for f in sound.directory.iterdir() if not any(p.match(f.name) for p in CLASSES.values())]
        battery.require(not unknown, f"files of no known class: {', '.join(unknown)}")
        for _ in battery.rounds(short=1, long=25):
            damage_every_class(sound, outcomes)
            for _ in range(2):
                damage_log_without_mark(sound)
    for kind in CLASSES:
        battery.note(f"{kind}: {outcomes[kind, True]} reported, {outcomes[kind, False]} harmless")
