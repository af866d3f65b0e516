"""What got `unknown`, or no answer, is sent again under the same id, also after a restart: it takes effect once.

A log tells several lives. Each life but the last is killed, or its journal fails, with commands under way; the next one
first sends those again (`--resend-from`). At the end the checker, which knows every id, finds each one's events once.
"""

from ack_log import read_log

FAULTS = [
    "killed with commands under way",
    "sync failed with commands under way",
    "unknown sent again",
    "unanswered sent again",
    "stored before it was sent again",
    "accepted with the first answer",
]
# All of them change their cart, and would again: a product more is a product more.
LOAD = ["--carts", "50", "--clients", "32", "--window", "4", "--mix", "add=100,remove=0,view=0,checkout=0"]


def killed_life(battery, directory, log, options):
    """A life that is killed at some sync: half of them before it, half after it and before the answers."""
    moment = battery.random.choice(["kill_before_sync", "kill_after_sync"])
    faults = {moment: battery.random.randrange(20, 120)}
    life = battery.stress(directory, log, "--duration", "60s", *LOAD, *options, faults=faults)
    battery.require(life.status == -9 and life.fired, f"it was not killed\n{life.story()}")
    battery.fired("killed with commands under way")


def failed_life(battery, directory, log, options):
    """A life whose journal fails: its callers are told `unknown`, and sending again at once does not help."""
    faults = {"fail_sync": battery.random.randrange(30, 120)}
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


def one_round(battery, lives):
    with battery.scratch("lives") as scratch:
        directory, log = scratch / "journal", scratch / "acks.jsonl"
        options = []
        for number in range(lives):
            life = killed_life if number % 2 == 0 else failed_life
            life(battery, directory, log, options)
            options = ["--resend-from", log]
            unknown, unanswered = unsettled(log)
            battery.fired("unknown sent again", len(unknown))
            battery.fired("unanswered sent again", len(unanswered))
        stored = set(stored_ids(battery, directory, log))
        last = battery.stress(directory, log, "--commands", "2000", *LOAD, *options)
        battery.require(last.status == 0, f"the last life fails\n{last.story()}")
        left = set().union(*unsettled(log))
        battery.require(not left, f"{len(left)} commands are not settled after they were sent again: {sorted(left)[:5]}")
        count_settled(battery, log, unknown | unanswered, stored)
        ids = stored_ids(battery, directory, log)
        battery.require(len(ids) == len(set(ids)), "an id is stored twice")
        battery.check(directory, log)


def run(battery):
    for _ in battery.rounds(short=3, long=40):
        one_round(battery, lives=4)
