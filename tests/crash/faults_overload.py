"""Ten times what it can take, half of it on one cart among 100,000: bounded, `overloaded` at once, and soon as before.

One process lives through it all, at one rate of an open loop. While its disk is well, the rate is a third of what it
can take. Then each sync takes seconds, and the same rate is ten times what it can take; then the disk is well again.
The disk is what is made slow because the load's own thread shares the processor with the carts: ten times what an idle
disk allows is more than it can send.

The long form also keeps an overload up for minutes, or an hour, and sees that memory stays flat.

What must hold whatever else the machine does: never more than `max_in_flight` under way, and the checker's judgement.
What is about time is measured in this run and against this run, and a busy machine is given three tries to show it.
"""

import collections
import csv
import statistics
import time

from ack_log import read_log

FAULTS = ["hang_sync", "overloaded", "answers in bursts", "back to normal"]

# Of the runtime's defaults (host_config.hpp).
MAX_IN_FLIGHT = 100_000
MAX_BATCH_COMMITS = 4_096

MIX = ["--mix", "add=60,remove=25,view=15,checkout=0"]
LOAD = ["--carts", "100000", "--dist", "hot:0.001%@50%", *MIX]
# So few that all are served, and have all that a cart may have, before the second half begins.
FEW_CARTS = ["--carts", "200", "--dist", "hot:0.5%@50%", *MIX]
HANGS = 8
TRIES = 3

LEAST_GOODPUT = 0.8
# A turned away command waits for nothing. This is what a busy machine may keep a thread from running.
MOST_OVERLOADED_P99 = 0.05
# Once the limit is reached, all that grows is the carts that are served for the first time, with their events. What
# comes in meanwhile would be six times as much.
MOST_GROWTH_MIB = 48
# A command under way takes about 1.3 KiB, and the cart that it wakes 2.7 KiB more.
MOST_IN_FLIGHT_MIB = MAX_IN_FLIGHT * 4 / 1024

# Of an overload that lasts, in its second half, however long that is: twice the time shows half the leak.
MOST_RISE_MIB = 24
# RocksDB keeps what is stored in memory until that is 64 MiB: once for the streams, and once for their order.
WRITE_BUFFERS_MIB = 2 * 64
COMMIT_BYTES = 256
# What is under way with what is to be sent again, the write buffers, and 50 MiB that the program begins with.
MOST_LASTING_MIB = 400
OTHER_ANSWERS = ["accepted", "refused", "unavailable", "unknown"]

Answer = collections.namedtuple("Answer", "sent at result events cart reason")


class Log:
    """What happened, in seconds, as an acknowledgement log tells it."""

    def __init__(self, path):
        self.answers, self.open = [], {}
        for line in read_log(path):
            at = line["at"] / 1e9
            if line["t"] == "send":
                self.open[line["id"]] = at, line["cart"]
            else:
                sent, cart = self.open.pop(line["id"])
                self.answers.append(Answer(sent, at, line["result"], line["events"], cart, line["reason"]))

    def most_in_flight(self):
        steps = [(a.sent, 1) for a in self.answers] + [(a.at, -1) for a in self.answers]
        steps += [(sent, 1) for sent, _ in self.open.values()]
        most = now = 0
        for _, step in sorted(steps):
            now += step
            most = max(most, now)
        return most

    def bursts(self, begin, end, pause):
        """The commits that were answered in a time, in bursts: a batch each. Of each, when it ended and how many."""
        found = []
        for at in sorted(a.at for a in self.answers if a.events > 0 and begin <= a.at <= end):
            if not found or at - found[-1][0] > pause:
                found.append((at, 0))
            found[-1] = at, found[-1][1] + 1
        return found


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(part * len(values)))] if values else 0.0


def goodput_of(bursts):
    """Commits a second from the end of the first burst to the end of the last: no matter where the time was cut."""
    return sum(count for _, count in bursts[1:]) / (bursts[-1][0] - bursts[0][0])


def hang_times(victim):
    """When each sync that took long began."""
    return [at / 1e9 for name, at, _ in victim.reports() if name == "hang_sync"]


# -- the runs ----------------------------------------------------------------------------------------------------------


def most_commands_a_second(battery, scratch):
    """What the machine can take with its disk as it is, in a closed loop, now."""
    directory, log = scratch / "closed", scratch / "closed.jsonl"
    run = battery.stress(directory, log, "--duration", "2s", "--clients", "128", "--window", "16", *LOAD)
    battery.require(run.status == 0, f"a run without faults fails\n{run.story()}")
    answers = Log(log).answers
    return len(answers) / (answers[-1].at - answers[0].at)


def hang_for(most):
    """How long a sync must take so that a third of `most` is ten times what the disk allows."""
    return 10 * MAX_BATCH_COMMITS / (0.35 * most)


def closed_goodput(battery, scratch, hang):
    """What it can take when each sync takes `hang` seconds: commits a second in a closed loop."""
    directory, log = scratch / "slow", scratch / "slow.jsonl"
    faults = {"hang_sync": 10, "hang_syncs": 1000, "hang_ms": int(hang * 1000)}
    load = ["--clients", "128", "--window", "96", "--duration", f"{2 * hang:.1f}s", *LOAD]
    run = battery.stress(directory, log, *load, faults=faults, seconds=60 + 10 * hang)
    battery.require(run.status == 0, f"a slow disk makes the run fail\n{run.story()}")
    full = [b for b in Log(log).bursts(0, float("inf"), hang / 2) if b[1] > MAX_BATCH_COMMITS / 2]
    battery.require(len(full) > 1, f"the slow disk did not make whole batches\n{run.story()}")
    return goodput_of(full)


def overload(battery, scratch, rate, hang, drain):
    """Runs the overload. Returns the ended process, its log, and samples of its memory: time and MiB."""
    directory, log = scratch / "journal", scratch / "acks.jsonl"
    faults = {"hang_sync": 400, "hang_syncs": HANGS, "hang_ms": int(hang * 1000)}
    seconds = 4 + HANGS * hang + 3 * drain
    load = ["--rate", str(int(rate)), "--duration", f"{seconds:.1f}s", *LOAD]
    victim = battery.stress(directory, log, *load, faults=faults, wait=False)
    samples = sampled(victim, victim.resident_mib, 3 * seconds + 60)
    battery.require(victim.status == 0, f"the overload makes the run fail\n{victim.story()}")
    battery.count_fired(victim)
    return victim, Log(log), samples


def sampled(victim, figure, seconds):
    """Waits for the end of a run. Returns what `figure()` was meanwhile: pairs with the time."""
    samples = []

    def sample():
        now = time.monotonic()
        if not samples or now - samples[-1][0] > 0.05:
            samples.append((now, figure()))
        return victim.has_ended()

    victim.wait_until(sample, "the end of the run", seconds=seconds)
    return samples


# -- judging -----------------------------------------------------------------------------------------------------------


class Figures:
    """What a run showed, and what of it is not as it must be."""

    def __init__(self, victim, log, samples, hang, closed):
        hangs = hang_times(victim)
        turned_away = [a for a in log.answers if a.result == "overloaded"]
        # The hot cart reaches a limit of its own before; this is when there is no room for anybody.
        self.limit_at = min(a.at for a in turned_away if a.reason.startswith("max_in_flight is reached"))
        self.well_at = hangs[-1] + hang
        self.in_flight = log.most_in_flight()
        # Behind the last sync that takes long, answers come without a pause.
        self.bursts = log.bursts(self.limit_at, hangs[-1] + hang / 2, hang / 2)
        self.goodput = goodput_of(self.bursts) / closed if len(self.bursts) > 1 else 0.0
        self.overloaded = len(turned_away)
        self.overloaded_p99 = percentile([a.at - a.sent for a in turned_away], 0.99)
        self.take_memory(samples, hangs[0])
        self.take_latency(log, hangs[0])
        self.take_shares(log, hangs[0])

    def take_memory(self, samples, hung_at):
        def most(begin, end):
            return max((mib for at, mib in samples if begin <= at <= end), default=0.0)

        self.in_flight_mib = most(hung_at, self.well_at) - most(0, hung_at)
        self.growth_mib = most(self.limit_at, self.well_at) - most(hung_at, self.limit_at)

    def take_latency(self, log, hung_at):
        """Finds when, after the disk is well, a command takes no longer than before, and so do all behind it."""
        commits = [a for a in log.answers if a.events > 0]
        self.p99_before = percentile([a.at - a.sent for a in commits if a.at < hung_at], 0.99)
        normal = max(5 * self.p99_before, 0.25)
        last_slow = max(a.sent for a in commits if a.at - a.sent > normal)
        self.back_after = last_slow - self.well_at
        self.normal_after = sum(a.sent > last_slow for a in commits)

    def take_shares(self, log, hung_at):
        """Of the commands on the hot cart, and of those on the cold ones: which part was taken in the overload."""
        sent, taken = collections.Counter(), collections.Counter()
        carts = collections.Counter(a.cart for a in log.answers)
        self.hot, _ = carts.most_common(1)[0]
        for a in log.answers:
            if self.limit_at <= a.sent <= self.well_at:
                sent[a.cart == self.hot] += 1
                taken[a.cart == self.hot] += a.result != "overloaded"
        self.cold_share = taken[False] / max(1, sent[False])
        self.hot_share = taken[True] / max(1, sent[True])

    def problems(self, drain):
        """What is not as it must be, and may be the machine's doing."""
        rules = [
            (self.goodput >= LEAST_GOODPUT, f"goodput is {self.goodput:.2f} of the closed loop's"),
            (self.overloaded_p99 <= MOST_OVERLOADED_P99, f"p99 of overloaded is {self.overloaded_p99 * 1000:.1f} ms"),
            (self.in_flight_mib <= MOST_IN_FLIGHT_MIB, f"what is under way takes {self.in_flight_mib:.0f} MiB"),
            (self.growth_mib <= MOST_GROWTH_MIB, f"memory grows by {self.growth_mib:.0f} MiB at the limit"),
            (self.back_after <= 3 * drain, f"latency is back to normal after {self.back_after:.1f} s only"),
            (self.normal_after > 1000, f"only {self.normal_after} commands were normal after the overload"),
            (self.cold_share >= self.hot_share / 2, f"taken: {self.cold_share:.3f} cold, {self.hot_share:.3f} hot"),
        ]
        return [text for holds, text in rules if not holds]

    def text(self):
        return (
            f"goodput {self.goodput:.2f} of the maximum, {self.overloaded} overloaded with p99 "
            f"{self.overloaded_p99 * 1000:.2f} ms, at most {self.in_flight} under way in {self.in_flight_mib:.0f} MiB, "
            f"{self.growth_mib:+.0f} MiB at the limit, p99 {self.p99_before * 1000:.0f} ms before, "
            f"as before {self.back_after:.1f} s after it"
        )


def require_in_flight(battery, victim, most):
    limit = MAX_IN_FLIGHT + 1  # the one that is turned away
    battery.require(most <= limit, f"{most} were under way, {limit} may be\n{victim.story()}")


def one_try(battery, scratch):
    """Returns the problems that a busy machine may have made; raises at any other."""
    most = most_commands_a_second(battery, scratch)
    hang = hang_for(most)
    closed = closed_goodput(battery, scratch, hang)
    drain = MAX_IN_FLIGHT / (most - 10 * closed) if most > 12 * closed else 10.0
    victim, log, samples = overload(battery, scratch, 10 * closed, hang, drain)
    results = collections.Counter(a.result for a in log.answers)
    battery.require(results["overloaded"] > 0, f"nobody was told `overloaded`\n{victim.story()}")
    battery.require(not log.open, f"{len(log.open)} commands have no answer\n{victim.story()}")
    figures = Figures(victim, log, samples, hang, closed)
    require_in_flight(battery, victim, figures.in_flight)
    battery.fired("overloaded", figures.overloaded)
    battery.fired("answers in bursts", len(figures.bursts))
    battery.check(scratch / "journal", scratch / "acks.jsonl")
    problems = figures.problems(drain)
    battery.note(f"{most:.0f}/s at most, {closed:.0f} commits/s with a sync of {hang:.1f} s: {figures.text()}")
    return problems


def comes_and_goes(battery):
    """One overload from beginning to end: what it is turned away by, and how soon all is as before."""
    with battery.scratch("overload") as scratch:
        for number in range(TRIES):
            (attempt := scratch / str(number)).mkdir()
            problems = one_try(battery, attempt)
            if not problems:
                battery.fired("back to normal")
                break
        battery.require(not problems, f"in each of {TRIES} tries something was too slow, the last: {problems}")


# -- an overload that lasts --------------------------------------------------------------------------------------------


def lasting_overload(battery, scratch, hang, seconds):
    """Runs an overload for so long. Returns the ended process, the lines of its table, and samples of its memory.

    It writes no ack log, which would be of gigabytes in an hour.
    """
    directory, table = scratch / "journal", scratch / "table.csv"
    faults = {"hang_sync": 10, "hang_syncs": int(seconds / hang) + 1, "hang_ms": int(hang * 1000)}
    load = ["--rate", int(10 * MAX_BATCH_COMMITS / hang), "--duration", f"{seconds}s", *FEW_CARTS]
    command = ["stress", "--dir", directory, "--timeseries", table, *load]
    victim = battery.cart(*command, beside=table, faults=faults, directory=directory, wait=False)
    samples = sampled(victim, victim.resident_mib, 2 * seconds + 300)
    battery.require(victim.status == 0, f"the overload makes the run fail\n{victim.story()}")
    battery.count_fired(victim)
    with table.open() as lines:
        return victim, list(csv.DictReader(lines)), samples


def judge_lines(battery, victim, lines, seconds):
    """What the run told of each second: overloaded to its end, and never more under way than may be."""
    late = [line for line in lines if seconds / 2 <= float(line["seconds"]) <= seconds]
    overloaded = sum(int(line["overloaded"]) for line in late)
    answered = overloaded + sum(int(line[kind]) for line in late for kind in OTHER_ANSWERS)
    battery.require(overloaded > answered / 2, f"{overloaded} of {answered} were overloaded\n{victim.story()}")
    battery.fired("overloaded", overloaded)
    require_in_flight(battery, victim, max(int(line["in_flight"]) for line in lines))


def judge_memory(battery, victim, samples, hang, seconds):
    """In the second half nothing may grow any more but what RocksDB has yet to write to a table."""
    begin = samples[0][0] + seconds / 2
    times, mib = zip(*[(at, mib) for at, mib in samples if 0 <= at - begin <= seconds / 2])
    slope = statistics.linear_regression(times, mib).slope
    rise, commits = slope * seconds / 2, seconds / 2 / hang * MAX_BATCH_COMMITS
    most_rise = MOST_RISE_MIB + min(commits * COMMIT_BYTES / 1024 / 1024, WRITE_BUFFERS_MIB)
    figures = f"{max(mib):.0f} MiB in the second half, which rise by {slope * 60:.2f} MiB a minute"
    battery.note(f"{seconds / 60:.0f} minutes of it: {figures}, and may by {most_rise / seconds * 120:.2f}")
    battery.require(rise <= most_rise, f"memory rises: {figures}, by {rise:.0f} of {most_rise:.0f}\n{victim.story()}")
    battery.require(max(mib) <= MOST_LASTING_MIB, f"memory is too much: {figures}\n{victim.story()}")


def lasts(battery):
    """One overload that lasts for `minutes`: commands are turned away to its end, in no more memory than at first."""
    seconds = battery.minutes * 60
    with battery.scratch("lasting") as scratch:
        hang = hang_for(most_commands_a_second(battery, scratch))
        victim, lines, samples = lasting_overload(battery, scratch, hang, seconds)
        judge_lines(battery, victim, lines, seconds)
        judge_memory(battery, victim, samples, hang, seconds)
        battery.verify(scratch / "journal", scratch / "table.csv", seconds=600)


def run(battery):
    forms = [comes_and_goes, lasts]
    for number in battery.rounds(short=1, long=len(forms)):
        forms[number](battery)
