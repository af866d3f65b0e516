"""SIGKILL at random moments and at named points, several times in a row on one journal."""

FAULTS = ("kill_before_sync", "kill_after_sync", "kill_in_write", "kill_at_read", "kill_from_outside")
LIVES = 4


def run(battery):
    for number in battery.rounds(short=16, long=800):
        with battery.scratch("kill") as scratch:
            directory, log = scratch / "journal", scratch / "acks.jsonl"
            for life in range(LIVES):
                kill(battery, directory, log, FAULTS[(number + life) % len(FAULTS)])
            battery.go_on(directory, log)
            battery.check(directory, log)


def kill(battery, directory, log, point):
    """One life of the program, which ends in a kill at the point unless that is never reached."""
    options = load(battery)
    if point == "kill_from_outside":
        victim = battery.stress(directory, log, *options, wait=False)
        end_at_some_line(battery, victim, log)
        return
    victim = battery.stress(directory, log, *options, faults={point: moment(battery, point)})
    fired = battery.count_fired(victim)
    expected = -9 if point in fired else 0
    battery.require(victim.status == expected, f"it did not end as it should, {expected}\n{victim.story()}")


def load(battery):
    """Few clients make many small batches, many clients make large ones."""
    clients = battery.random.choice((4, 16, 64))
    window = battery.random.choice((1, 4, 16))
    seed = battery.random.getrandbits(31)
    return ("--commands", "6000", "--clients", clients, "--window", window, "--carts", "300", "--seed", seed)


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
    battery.fired("kill_from_outside")


def size_of(log):
    return log.stat().st_size if log.exists() else 0
