"""A disk that fails: EIO from the n-th sync, no space, short writes, a read-only directory."""

import re

from ack_log import read_log
from battery import RETURNS
from journal_files import contents
from trims import fired_in_trim, recorded_carts, trim

FAULTS = ("fail_sync", "no_space", "short_write", "read_only", fired_in_trim("fail_sync"), RETURNS)
LOAD = ("--commands", "6000", "--clients", "16", "--carts", "300")


def run(battery):
    fail_syncs(battery)
    fail_syncs_of_trims(battery)
    run_out_of_space(battery)
    write_short(battery)
    refuse_changes(battery)


def fail_syncs(battery):
    """Every one of the first 200, or some: those of the making of a journal, then those of its log."""
    some = [1, 2, *battery.random.sample(range(3, 21), 3), *battery.random.sample(range(21, 201), 5)]
    for number in battery.rounds(short=len(some), long=200):
        nth = number + 1 if battery.is_long else some[number]
        with battery.scratch("fail-sync") as scratch:
            directory, log = scratch / "journal", scratch / "acks.jsonl"
            faults = {"fail_sync": nth, "drop_pages": number % 2}
            victim = battery.stress(directory, log, *seeded(battery), faults=faults)
            battery.count_fired(victim)
            require_told(battery, victim, log)
            battery.go_on(directory, log)
            battery.check(directory, log)


def fail_syncs_of_trims(battery):
    """A trim syncs some fifteen times. Whichever fails, it is told, and nothing but what was to be trimmed is gone."""
    for number in battery.rounds(short=4, long=60):
        with battery.scratch("trim") as scratch:
            directory, log = scratch / "journal", scratch / "acks.jsonl"
            battery.go_on(directory, log, "--commands", "1000", "--carts", "20")
            faults = {"fail_sync": 1 + battery.random.randrange(15), "drop_pages": number % 2}
            victim = trim(battery, directory, log, recorded_carts(log)[0], faults)
            failed_log = any(details.endswith(".log") for details in of_journal(victim, "fail_sync"))
            told = victim.status == 2 and "cart: " in victim.stderr or victim.status == 0 and not failed_log
            battery.require(told, f"it should have ended with 2 and what failed, or 0\n{victim.story()}")
            battery.go_on(directory, log)
            battery.check(directory, log)


def of_journal(victim, fault):
    """What a fault that fired did to the journal, and not to its snapshots: the details of each time."""
    found = [details for name, _, details in victim.reports() if name == fault]
    return [details for details in found if not re.search(r"(^|\s)snapshots\b", details)]


def require_told(battery, victim, log):
    """A sync of the log that failed is told: as unknown, then as unavailable. Nothing is acknowledged behind it."""
    failed = of_journal(victim, "fail_sync")
    failed_log = any(details.endswith(".log") for details in failed)
    statuses = (2,) if failed_log else (0, 2) if failed else (0,)
    battery.require(victim.status in statuses, f"it should have ended with {statuses}\n{victim.story()}")
    if victim.status == 2:
        battery.require("cart: " in victim.stderr, f"it does not say what failed\n{victim.story()}")
    require_nothing_accepted_after_failure(battery, victim, log)


def require_nothing_accepted_after_failure(battery, victim, log):
    lines = list(read_log(log))
    told = [line["at"] for line in lines if line["t"] == "answer" and line["result"] in ("unknown", "unavailable")]
    if not told:
        return
    sent_later = {line["id"] for line in lines if line["t"] == "send" and line["at"] > min(told)}
    for line in lines:
        accepted = line["t"] == "answer" and line["result"] == "accepted" and line["events"] > 0
        battery.require(
            not (accepted and line["id"] in sent_later),
            f"{line['id']} was accepted after the journal had failed\n{victim.story()}",
        )


def run_out_of_space(battery):
    for _ in battery.rounds(short=4, long=100):
        with battery.scratch("no-space") as scratch:
            directory, log = scratch / "journal", scratch / "acks.jsonl"
            space = battery.random.choice((battery.random.randrange(1, 60_000), battery.random.randrange(1, 900_000)))
            victim = battery.stress(directory, log, *seeded(battery), faults={"full_after": space})
            battery.count_fired(victim)
            expected = 2 if of_journal(victim, "no_space") else 0
            battery.require(victim.status == expected, f"it should have ended with {expected}\n{victim.story()}")
            if expected == 2:
                battery.require("No space left" in victim.stderr, f"it does not say what failed\n{victim.story()}")
            require_nothing_accepted_after_failure(battery, victim, log)
            battery.go_on(directory, log)
            battery.check(directory, log)


def write_short(battery):
    """A write that was cut short goes on where it ended: nobody notices."""
    for _ in battery.rounds(short=3, long=40):
        with battery.scratch("short-writes") as scratch:
            directory, log = scratch / "journal", scratch / "acks.jsonl"
            every = battery.random.randrange(2, 10)
            victim = battery.stress(directory, log, *seeded(battery), faults={"short_writes": every})
            battery.count_fired(victim)
            battery.require(victim.status == 0, f"short writes did harm\n{victim.story()}")
            battery.check(directory, log)


def refuse_changes(battery):
    """A directory that cannot be changed: it says so, and harms nothing. One with a journal, and one without."""
    for number in battery.rounds(short=2, long=2):
        with battery.scratch("read-only") as scratch:
            directory, log = scratch / "journal", scratch / "acks.jsonl"
            directory.mkdir()
            if number == 0:
                battery.go_on(directory, log)
            before = contents(directory)
            victim = battery.stress(directory, log, *seeded(battery), faults={"read_only": 1})
            battery.count_fired(victim)
            battery.require(victim.status == 2, f"it should have ended with 2\n{victim.story()}")
            battery.require("Read-only file system" in victim.stderr, f"it does not say why\n{victim.story()}")
            battery.require(contents(directory) == before, f"it changed something\n{victim.story()}")
            battery.go_on(directory, log)
            battery.check(directory, log)


def seeded(battery):
    return (*LOAD, "--seed", battery.random.getrandbits(31), *battery.leaving_memory())
