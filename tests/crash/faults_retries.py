"""What got `unknown`, or no answer, is sent again under the same id, also after a restart: it takes effect once.

A log tells several lives. Each life but the last is killed, or its journal fails, with commands under way; the next one
first sends those again (`--resend-from`), and some whose answers it does not know any more, as a client that was killed
before it read them. At the end the checker, which knows every id, finds each one's events once.

In some rounds carts leave memory, and what they remember of ids comes back from snapshots; in others a cart is trimmed
between lives, and it comes from what stands for the events.
"""

import collections
import json

from ack_log import read_log
from battery import RETURNS
from trims import TRIMMED, trim

FAULTS = [
    "killed with commands under way",
    "sync failed with commands under way",
    "unknown sent again",
    "unanswered sent again",
    "stored before it was sent again",
    "accepted with the first answer",
    "lost answer sent again",
    RETURNS,
    TRIMMED,
]
# How many of the answers that the log of before has, and of how many last commands of a cart: it remembers 1,000.
LOST_ANSWERS = 0.02
OF_LAST = 500
# A snapshot has all that its cart remembers: hundreds of commands, of the carts that most is sent to.
EVERY = (10, 20, 40)
# All of them change their cart, and would again: a product more is a product more.
LOAD = ["--carts", "50", "--clients", "32", "--window", "4", "--mix", "add=100,remove=0,view=0,checkout=0"]


def killed_life(battery, directory, log, options):
    """A life that is killed at some sync: half of them before it, half after it and before the answers."""
    moment = battery.random.choice(["kill_before_sync", "kill_after_sync"])
    faults = {moment: battery.random.randrange(20, 80)}
    life = battery.stress(directory, log, "--duration", "60s", *LOAD, *options, faults=faults)
    battery.require(life.status == -9 and life.fired, f"it was not killed\n{life.story()}")
    battery.fired("killed with commands under way")


def failed_life(battery, directory, log, options):
    """A life whose journal fails: its callers are told `unknown`, and sending again at once does not help."""
    faults = {"fail_log_sync": battery.random.randrange(20, 80)}
    life = battery.stress(directory, log, "--duration", "60s", *LOAD, *options, faults=faults)
    battery.require(life.status == 2 and life.fired, f"a failed sync does not end the run with 2\n{life.story()}")
    battery.fired("sync failed with commands under way")


def unsettled(log):
    """The ids of which nobody knows whether they are stored: those told `unknown`, and those told nothing."""
    unknown, unanswered = set(), set()
    for line in read_log(log):
        if line["t"] == "send":
            unanswered.add(line["id"])
            continue
        unanswered.discard(line["id"])
        if line["result"] == "unknown":
            unknown.add(line["id"])
        elif line["result"] in ("accepted", "refused"):
            unknown.discard(line["id"])
    return unknown - unanswered, unanswered


def lose_answers(battery, log, known):
    """Writes the log that a client has who does not know all its answers any more. Returns how many it lost."""
    lines = list(read_log(log))
    cart_of = {line["id"]: line["cart"] for line in lines if line["t"] == "send"}
    newest = collections.Counter()
    for line in lines:
        if is_recorded(line):
            newest[cart_of[line["id"]]] = max(newest[cart_of[line["id"]]], line["version"])

    def may_go(line):
        return is_recorded(line) and line["version"] > newest[cart_of[line["id"]]] - OF_LAST

    kept = [line for line in lines if not (may_go(line) and battery.random.random() < LOST_ANSWERS)]
    known.write_text("".join(json.dumps(line) + "\n" for line in kept))
    return len(lines) - len(kept)


def is_recorded(line):
    return line["t"] == "answer" and line["result"] == "accepted" and line["events"] > 0


def trim_in_doubt(battery, directory, log, unsettled_ids):
    """Trims a cart that has commands of which nobody knows whether they are stored. They are sent again next."""
    carts = [line["cart"] for line in read_log(log) if line["t"] == "send" and line["id"] in unsettled_ids]
    cart = battery.random.choice(carts)
    there = battery.cart("journal", "show", "--dir", directory, cart, beside=log)
    if there.status != 0:
        return
    victim = trim(battery, directory, log, cart)
    battery.require(victim.status == 0, f"a cart is not trimmed\n{victim.story()}")


def stored_ids(battery, directory, log):
    export = battery.cart("journal", "export", "--dir", directory, beside=log)
    battery.require(export.status == 0, f"the journal is not readable\n{export.story()}")
    return [part.split('"', 1)[0] for part in export.stdout.split('"command_id":"')[1:]]


def count_settled(battery, log, again, stored):
    """Counts which of the commands that were sent again are settled now, and how."""
    accepted = {line["id"]: line for line in read_log(log) if line["t"] == "answer" and line["result"] == "accepted"}
    before = again & stored
    battery.fired("stored before it was sent again", len(before))
    told = [accepted[command] for command in before if command in accepted]
    battery.require(all(answer["events"] == 1 for answer in told), f"not the first answer: {told[:3]}")
    battery.fired("accepted with the first answer", len(told))


def one_round(battery, lives, leaves_memory, trims):
    with battery.scratch("lives") as scratch:
        directory, log, known = scratch / "journal", scratch / "acks.jsonl", scratch / "known.jsonl"
        share = 1 if leaves_memory else 0
        options = []
        for number in range(lives):
            life = killed_life if number % 2 == 0 else failed_life
            life(battery, directory, log, [*options, *battery.leaving_memory(share, EVERY)])
            options = ["--resend-from", known]
            battery.fired("lost answer sent again", lose_answers(battery, log, known))
            unknown, unanswered = unsettled(log)
            battery.fired("unknown sent again", len(unknown))
            battery.fired("unanswered sent again", len(unanswered))
            if trims:
                trim_in_doubt(battery, directory, log, unknown | unanswered)
        stored = set(stored_ids(battery, directory, log))
        # Who is turned away, because all carts in memory are busy, has to try again for as long as it takes.
        settings = ["--retries", "1000", *battery.leaving_memory(share, EVERY)]
        last = battery.stress(directory, log, "--commands", "2000", *LOAD, *options, *settings)
        battery.require(last.status == 0, f"the last life fails\n{last.story()}")
        left = set().union(*unsettled(log))
        battery.require(not left, f"{len(left)} commands are not settled after they were sent again: {sorted(left)[:5]}")
        count_settled(battery, log, unknown | unanswered, stored)
        ids = stored_ids(battery, directory, log)
        battery.require(len(ids) == len(set(ids)), "an id is stored twice")
        battery.check(directory, log)


def run(battery):
    for number in battery.rounds(short=3, long=40):
        one_round(battery, lives=4, leaves_memory=number % 3 != 1, trims=number % 3 != 0)
