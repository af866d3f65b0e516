"""A second process on a directory in use is refused and harms nothing, also while the first one is stopped.

The first process is under load. Everything else that `cart` can do with a journal is tried on the same directory: while
it runs, while SIGSTOP holds it, and after SIGCONT. Each try must end with status 2 and say that the journal is open
already. The first process must not notice: it goes on after SIGCONT, ends with status 0, and the checker finds nothing.
"""

import pathlib
import signal

from battery import RETURNS
from journal_files import sizes_in
from victim import Failure

FAULTS = [
    "refused while it runs",
    "refused while it is stopped",
    "refused after it goes on",
    "stopped and continued",
    "refused by a reader",
    "opened after a kill while stopped",
    RETURNS,
]
SAYS = "is open already, in this process or another"
LOAD = ["--carts", "300", "--clients", "16"]


def tries(scratch, directory):
    """What a second process may want of a journal: to write it, to read it, to judge it."""
    other_log = scratch / "second.jsonl"
    yield ["stress", "--dir", directory, "--ack-log", other_log, "--commands", "100"]
    yield ["simulate", "--dir", directory, "--commands", "100"]
    yield ["journal", "verify", "--dir", directory]
    yield ["journal", "export", "--dir", directory]
    yield ["journal", "show", "--dir", directory, "cart-1"]
    yield ["journal", "trim", "--dir", directory, "cart-1"]
    yield ["check", "--ack-log", scratch / "acks.jsonl", "--dir", directory]


def require_refusals(battery, scratch, directory, when):
    for command in tries(scratch, directory):
        second = battery.cart(*command, beside=scratch / "second.jsonl")
        battery.require(
            second.status == 2 and SAYS in second.stderr, f"a second process is not refused {when}\n{second.story()}"
        )
        battery.fired(f"refused {when}")
    second_log = scratch / "second.jsonl"
    text = second_log.read_text() if second_log.exists() else ""
    battery.require('"send"' not in text, f"a refused process sent commands {when}: {text[:300]}")


def size_of(log):
    return log.stat().st_size if log.exists() else 0


def wait_for_progress(victim, log):
    """Waits until the victim has been answered more than it was by now."""
    before = size_of(log)
    victim.wait_until(lambda: size_of(log) > before + 20_000, "more lines in the acknowledgement log")


def is_stopped(victim):
    """Whether the system has stopped all of its threads."""
    tasks = pathlib.Path(f"/proc/{victim.pid}/task").iterdir()
    return all((task / "stat").read_text().rpartition(")")[2].split()[0] == "T" for task in tasks)


def stop(victim):
    victim.signal(signal.SIGSTOP)
    victim.wait_until(lambda: is_stopped(victim), "all threads of the process to stop")


def one_round(battery):
    with battery.scratch("in-use") as scratch:
        directory, log = scratch / "journal", scratch / "acks.jsonl"
        settings = battery.leaving_memory(share=1)
        first = battery.stress(directory, log, "--duration", "60s", *LOAD, *settings, wait=False)
        wait_for_progress(first, log)
        require_refusals(battery, scratch, directory, "while it runs")
        wait_for_progress(first, log)
        stop(first)
        at_stop = sizes_in(directory)
        require_refusals(battery, scratch, directory, "while it is stopped")
        now = sizes_in(directory)
        battery.require(now == at_stop, f"the directory has changed while its process was stopped: {at_stop}, {now}")
        first.signal(signal.SIGCONT)
        wait_for_progress(first, log)
        battery.fired("stopped and continued")
        require_refusals(battery, scratch, directory, "after it goes on")
        first.signal(signal.SIGINT)
        first.wait()
        battery.count_returns(first)
        battery.require(first.status == 130, f"the first process does not end as interrupted\n{first.story()}")
        battery.check(directory, log)


def holds_lock(process, directory):
    """Whether the process has the lock of a journal now. The system lists a lock with its owner and its file."""
    inode = (directory / "LOCK").stat().st_ino
    for line in pathlib.Path("/proc/locks").read_text().splitlines():
        fields = line.split()
        if fields[1] == "POSIX" and fields[4] == str(process.pid) and fields[5].endswith(f":{inode}"):
            return True
    return False


def stopped_reader(battery, directory, log):
    """Returns a reader that was stopped while it has the lock. One that was too quick is let go, and another tried."""
    for _ in range(50):
        reader = battery.cart("journal", "export", "--dir", directory, beside=log, wait=False)
        while not holds_lock(reader, directory) and not reader.has_ended():
            pass
        reader.signal(signal.SIGSTOP)
        if not reader.has_ended() and holds_lock(reader, directory):
            return reader
        reader.signal(signal.SIGCONT)
        reader.wait()
    raise Failure("no reader could be stopped at its work")


def reader_keeps_writer_out(battery):
    """A reader sees the journal as it is: a writer is refused until it has ended."""
    with battery.scratch("reader") as scratch:
        directory, log = scratch / "journal", scratch / "acks.jsonl"
        life = battery.stress(directory, log, "--commands", "40000", *LOAD)
        battery.require(life.status == 0, f"a life without faults fails\n{life.story()}")
        reader = stopped_reader(battery, directory, log)
        writer = battery.stress(directory, log, "--commands", "100", *LOAD)
        battery.require(writer.status == 2 and SAYS in writer.stderr, f"a writer is not refused\n{writer.story()}")
        battery.fired("refused by a reader")
        reader.signal(signal.SIGCONT)
        reader.wait()
        battery.require(reader.status == 0, f"the reader was harmed\n{reader.story()}")
        battery.check(directory, log)


def kill_while_stopped(battery):
    """A process that is killed while it is stopped leaves no lock behind."""
    with battery.scratch("killed") as scratch:
        directory, log = scratch / "journal", scratch / "acks.jsonl"
        settings = battery.leaving_memory()
        first = battery.stress(directory, log, "--duration", "60s", *LOAD, *settings, wait=False)
        wait_for_progress(first, log)
        stop(first)
        first.kill()
        second = battery.stress(directory, log, "--commands", "1000", *LOAD, *settings)
        battery.require(second.status == 0, f"the directory of a killed process does not open\n{second.story()}")
        battery.fired("opened after a kill while stopped")
        battery.check(directory, log)


def run(battery):
    for _ in battery.rounds(short=1, long=20):
        one_round(battery)
        reader_keeps_writer_out(battery)
        kill_while_stopped(battery)
