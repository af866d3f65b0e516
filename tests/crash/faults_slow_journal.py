"""A sync that hangs for seconds, and syncs that are all slow: answers come, views go on, memory stays bounded."""

from ack_log import read_log

FAULTS = ("hang_sync", "slow_sync", "timed out")
HANG_MS = 5_000
TIMEOUT_MS = 300
# More than a run of the same load has that nothing delays: what is in flight, and nothing that grows with time.
MOST_MORE_MIB = 64
# The host's default limit, and the memory that so many commands, their answers and the carts may take.
MAX_IN_FLIGHT = 100_000
MOST_MIB = 512
VIEWERS = ("--clients", "64", "--window", "64", "--carts", "5000", "--dist", "uniform", "--mix", "add=5,view=95")


def run(battery):
    for _ in battery.rounds(short=1, long=10):
        plain = run_plain(battery)
        hang(battery, plain)
        slow_down(battery, plain)
        hang_under_any_load(battery)
        time_out(battery)


def run_plain(battery):
    """Returns the memory that the load takes with a journal that nothing delays."""
    with battery.scratch("plain") as scratch:
        victim = battery.stress(scratch / "journal", scratch / "acks.jsonl", *load(battery))
        battery.require(victim.status == 0, f"it failed without a fault\n{victim.story()}")
        return victim.peak_mib


def hang(battery, plain):
    with battery.scratch("hang") as scratch:
        directory, log = scratch / "journal", scratch / "acks.jsonl"
        faults = {"hang_sync": 1 + battery.random.randrange(20, 60), "hang_ms": HANG_MS}
        victim = battery.stress(directory, log, *load(battery), faults=faults)
        battery.count_fired(victim)
        battery.require(victim.status in (0, 2), f"it did not end well\n{victim.story()}")
        require_answers(battery, victim, log)
        require_views(battery, victim, log)
        require_bounded(battery, victim, plain)
        battery.go_on(directory, log)
        battery.check(directory, log)


def hang_under_any_load(battery):
    """Commands come in whether earlier ones were answered or not: past the host's limit they are turned away."""
    with battery.scratch("open-loop") as scratch:
        directory, log = scratch / "journal", scratch / "acks.jsonl"
        hang_ms = 20_000 if battery.is_long else HANG_MS
        options = ("--rate", "25000", "--duration", f"{hang_ms // 1000 + 2}s", "--carts", "5000", "--dist", "uniform")
        seed = ("--seed", battery.random.getrandbits(31))
        faults = {"hang_sync": 100, "hang_ms": hang_ms}
        victim = battery.stress(directory, log, *options, *seed, faults=faults, seconds=120)
        battery.count_fired(victim)
        battery.require(victim.status in (0, 2), f"it did not end well\n{victim.story()}")
        require_answers(battery, victim, log)
        require_turned_away_at_once(battery, victim, log)
        battery.require(victim.peak_mib < MOST_MIB, f"{victim.peak_mib:.0f} MiB are too many\n{victim.story()}")
        battery.check(directory, log)


def time_out(battery):
    """Who waits for a journal that hangs is told `unknown` in time, asks again, and is told what became of it."""
    with battery.scratch("timeout") as scratch:
        directory, log = scratch / "journal", scratch / "acks.jsonl"
        options = ("--commands", "3000", "--clients", "16", "--timeout", f"{TIMEOUT_MS}ms", "--retries", "1000")
        faults = {"hang_sync": 1 + battery.random.randrange(20, 60), "hang_ms": 5 * TIMEOUT_MS}
        victim = battery.stress(directory, log, *options, "--seed", battery.random.getrandbits(31), faults=faults)
        battery.count_fired(victim)
        battery.require(victim.status == 0, f"it did not end well\n{victim.story()}")
        require_answers(battery, victim, log)
        require_settled_after_time_outs(battery, victim, log)
        battery.check(directory, log)


def require_settled_after_time_outs(battery, victim, log):
    """A busy machine may tell some late, but not half of them, and leaves none without what became of it."""
    sent, waits, open_ids = {}, [], set()
    for line in read_log(log):
        if line["t"] == "send":
            sent[line["id"]] = line["at"]
        elif line["result"] == "unknown":
            waits.append((line["at"] - sent[line["id"]]) / 1e6)
            open_ids.add(line["id"])
        else:
            open_ids.discard(line["id"])
    battery.fired("timed out", len(waits))
    median = sorted(waits)[len(waits) // 2] if waits else TIMEOUT_MS
    battery.require(TIMEOUT_MS <= median < 2 * TIMEOUT_MS, f"half waited {median:.0f} ms\n{victim.story()}")
    battery.require(not open_ids, f"{len(open_ids)} commands were never settled\n{victim.story()}")


def require_turned_away_at_once(battery, victim, log):
    """No more than the limit is ever in flight, and `overloaded` is not told late."""
    sent, most, waits = {}, 0, []
    for line in read_log(log):
        if line["t"] == "send":
            sent[line["id"]] = line["at"]
            most = max(most, len(sent))
            continue
        began = sent.pop(line["id"])
        if line["result"] == "overloaded":
            waits.append(line["at"] - began)
    # Those that are being turned away are neither in flight nor answered yet.
    battery.require(most < 1.1 * MAX_IN_FLIGHT, f"{most} commands were in flight\n{victim.story()}")
    median_ms = sorted(waits)[len(waits) // 2] / 1e6 if waits else 0
    battery.require(median_ms < 100, f"half of the overloaded waited for {median_ms} ms\n{victim.story()}")
    battery.note(f"{most} in flight, {len(waits)} turned away as overloaded, {victim.peak_mib:.0f} MiB at most")


def slow_down(battery, plain):
    with battery.scratch("slow") as scratch:
        directory, log = scratch / "journal", scratch / "acks.jsonl"
        victim = battery.stress(directory, log, *load(battery), faults={"slow_sync_ms": 20})
        battery.count_fired(victim)
        battery.require(victim.status == 0, f"it did not end well\n{victim.story()}")
        require_answers(battery, victim, log)
        require_bounded(battery, victim, plain)
        battery.check(directory, log)


def load(battery):
    return ("--commands", "60000", *VIEWERS, "--seed", battery.random.getrandbits(31))


def require_answers(battery, victim, log):
    """Everything that was sent was answered: exactly so many answers as sendings of each id."""
    open_ids = {}
    for line in read_log(log):
        open_ids[line["id"]] = open_ids.get(line["id"], 0) + (1 if line["t"] == "send" else -1)
    unanswered = [name for name, count in open_ids.items() if count != 0]
    battery.require(not unanswered, f"{len(unanswered)} commands were never answered\n{victim.story()}")


def require_views(battery, victim, log):
    """Views of carts that have nothing in flight were both asked and answered while the journal hung."""
    begin = next(at for name, at, _ in victim.reports() if name == "hang_sync")
    end = begin + HANG_MS * 1_000_000
    asked, answered = set(), 0
    for line in read_log(log):
        if not begin < line["at"] < end:
            continue
        if line["t"] == "send" and line["command"] == "view":
            asked.add(line["id"])
        elif line["t"] == "answer" and line["id"] in asked and line["result"] == "accepted":
            answered += 1
    battery.require(answered >= 100, f"only {answered} views were answered while the journal hung\n{victim.story()}")
    battery.note(f"{answered} views were answered while the journal hung")


def require_bounded(battery, victim, plain):
    text = f"{victim.peak_mib:.0f} MiB at most, {plain:.0f} MiB with a journal that nothing delays"
    battery.require(victim.peak_mib < plain + MOST_MORE_MIB, f"{text}\n{victim.story()}")
    battery.note(text)
