"""Loss of power: what was not synced is dropped, kept or torn, also while a journal is made or recovered."""

from faults_kill import load

POINTS = ("kill_at_operation", "kill_before_sync", "kill_after_sync", "kill_in_write")
FAULTS = POINTS + ("lost_power", "lost_bytes", "lost_entries", "torn_files")
LIVES = 3


def run(battery):
    for number in battery.rounds(short=24, long=1_000):
        with battery.scratch("power") as scratch:
            directory, log = scratch / "journal", scratch / "acks.jsonl"
            for life in range(LIVES):
                lose_power(battery, directory, log, POINTS[(number + life) % len(POINTS)])
            battery.go_on(directory, log)
            battery.check(directory, log)


def lose_power(battery, directory, log, point):
    """One life of the program. In some the machine goes on, and the next one loses what this one did not sync."""
    machine = battery.random.choice((0, 1, 2))
    faults = {point: moment(battery, point), "lose_power": machine}
    victim = battery.stress(directory, log, *load(battery), faults=faults)
    fired = battery.count_fired(victim)
    expected = -9 if point in fired else 0
    battery.require(victim.status == expected, f"it did not end as it should, {expected}\n{victim.story()}")


def moment(battery, point):
    """Half of the operations are chosen while a journal is made or recovered, which is some fifty of them."""
    if point != "kill_at_operation":
        return 1 + battery.random.randrange(60)
    return 1 + battery.random.randrange(battery.random.choice((60, 300)))
