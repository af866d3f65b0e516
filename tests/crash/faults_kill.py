"""SIGKILL at random moments and at named points, several times in a row on one journal, also in a trim."""

from battery import RETURNS
from trims import SYNCS, TRIMMED, fired_in_trim, trim_some

AT_SNAPSHOT = ("kill_before_snapshot", "kill_after_snapshot")
POINTS = ("kill_before_sync", "kill_after_sync", "kill_in_write", "kill_at_read", "kill_from_outside", *AT_SNAPSHOT)
# Where a trim is killed; nowhere, in some rounds.
IN_TRIM = (*SYNCS, "kill_in_write", None)
FAULTS = (*POINTS, *(fired_in_trim(point) for point in IN_TRIM if point), TRIMMED, RETURNS)
LIVES = 4


def run(battery):
    for number in battery.rounds(short=12, long=800):
        with battery.scratch("kill") as scratch:
            directory, log = scratch / "journal", scratch / "acks.jsonl"
            trimmed_after = battery.random.randrange(LIVES)
            for life in range(LIVES):
                kill(battery, directory, log, POINTS[(number + life) % len(POINTS)])
                if life == trimmed_after:
                    kill_trim(battery, directory, log, IN_TRIM[number % len(IN_TRIM)])
            battery.go_on(directory, log)
            battery.check(directory, log)


def kill(battery, directory, log, point):
    """One life of the program, which ends in a kill at the point unless that is never reached."""
    options = load(battery, share=1 if point in AT_SNAPSHOT else 0.5)
    if point == "kill_from_outside":
        victim = battery.stress(directory, log, *options, wait=False)
        end_at_some_line(battery, victim, log)
        return
    victim = battery.stress(directory, log, *options, faults={point: moment(battery, point)})
    fired = battery.count_fired(victim)
    expected = -9 if point in fired else 0
    battery.require(victim.status == expected, f"it did not end as it should, {expected}\n{victim.story()}")


def kill_trim(battery, directory, log, point):
    """A trim writes some twenty times, most of it into the snapshots and what RocksDB keeps of itself."""
    moments = {None: None, "kill_in_write": {"kill_in_write": 1 + battery.random.randrange(20)}}
    trim_some(battery, directory, log, moments.get(point, {point: 1}))


def load(battery, share=0.5):
    """Few clients make many small batches, many clients make large ones. In a share of the runs carts leave memory."""
    clients = battery.random.choice((4, 16, 64))
    window = battery.random.choice((1, 4, 16))
    seed = battery.random.getrandbits(31)
    size = ("--commands", "6000", "--clients", clients, "--window", window, "--carts", "300", "--seed", seed)
    return (*size, *battery.leaving_memory(share))


def moment(battery, point):
    """Reads are many while a journal is opened, and few later; of the rest there are some in every batch."""
    return 1 + battery.random.randrange(60 if point == "kill_at_read" else 80)


def end_at_some_line(battery, victim, log):
    before = size_of(log)
    enough = before + battery.random.randrange(1, 600_000)
    victim.wait_until(lambda: size_of(log) >= enough or victim.has_ended(), "its ack log grows")
    if victim.has_ended():
        battery.require(victim.status == 0, f"it failed without a fault\n{victim.story()}")
        return
    victim.kill()
    battery.count_returns(victim)
    battery.fired("kill_from_outside")


def size_of(log):
    return log.stat().st_size if log.exists() else 0
