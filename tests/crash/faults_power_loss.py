"""Loss of power: what was not synced is dropped, kept or torn, also while a journal is made or recovered, or trimmed.

Nothing of a snapshot is synced, so this takes it, or a part of it, or the folder of all of them.
"""

from battery import RETURNS
from faults_kill import AT_SNAPSHOT, load
from trims import SYNCS, TRIMMED, fired_in_trim, trim_some

POINTS = ("kill_at_operation", "kill_before_sync", "kill_after_sync", "kill_in_write", *AT_SNAPSHOT)
IN_TRIM = (*SYNCS, "kill_at_operation", None)
LOSSES = ("lost_power", "lost_bytes", "lost_entries", "torn_files")
LOSSES_OF_SNAPSHOTS = ("lost_folder", "lost_bytes_in_folder", "lost_entries_in_folder")
FAULTS = (
    *POINTS,
    *(fired_in_trim(point) for point in IN_TRIM if point),
    *LOSSES,
    *LOSSES_OF_SNAPSHOTS,
    TRIMMED,
    RETURNS,
)
LIVES = 3


def run(battery):
    for number in battery.rounds(short=15, long=1_000):
        with battery.scratch("power") as scratch:
            directory, log = scratch / "journal", scratch / "acks.jsonl"
            trimmed_after = battery.random.randrange(LIVES)
            for life in range(LIVES):
                lose_power(battery, directory, log, POINTS[(number + life) % len(POINTS)])
                if life == trimmed_after:
                    lose_power_in_trim(battery, directory, log, IN_TRIM[number % len(IN_TRIM)])
            battery.go_on(directory, log)
            battery.check(directory, log)


def lose_power(battery, directory, log, point):
    """One life of the program. In some the machine goes on, and the next one loses what this one did not sync."""
    at_snapshot = point in AT_SNAPSHOT
    lost = loss(battery, least=1 if at_snapshot else 0)
    faults = {point: moment(battery, point), "lose_power": lost}
    options = load(battery, share=1 if at_snapshot else 0.5)
    victim = battery.stress(directory, log, *options, faults=faults)
    fired = battery.count_fired(victim)
    expected = -9 if point in fired else 0
    battery.require(victim.status == expected, f"it did not end as it should, {expected}\n{victim.story()}")


def lose_power_in_trim(battery, directory, log, point):
    if point is None:
        return trim_some(battery, directory, log)
    nth = 1 if point in SYNCS else 1 + battery.random.randrange(60)
    return trim_some(battery, directory, log, {point: nth, "lose_power": loss(battery)})


def loss(battery, least=0):
    """What goes with the process, as fault_plan.hpp has it: 0 is nothing that the page cache has."""
    return battery.random.randrange(least, 3)


def moment(battery, point):
    """Half of the operations are chosen while a journal is made or recovered, which is some fifty of them."""
    if point != "kill_at_operation":
        return 1 + battery.random.randrange(60)
    return 1 + battery.random.randrange(battery.random.choice((60, 300)))
