"""Trims carts between the lives of a run, with a fault in the trim or without one."""

import collections

from ack_log import read_log

# In a trim, the first sync of the journal's log is that of the write which deletes: its only one.
SYNCS = ("kill_before_sync", "kill_after_sync")
TRIMMED = "trimmed"


def fired_in_trim(fault):
    return f"trim: {fault}"


def recorded_carts(log):
    """The carts that have recorded most, as far as their clients were told."""
    cart_of, counts = {}, collections.Counter()
    for line in read_log(log):
        if line["t"] == "send":
            cart_of[line["id"]] = line["cart"]
        elif line["result"] == "accepted" and line["events"] > 0:
            counts[cart_of[line["id"]]] += 1
    return [cart for cart, count in counts.most_common(20) if count > 1]


def trim(battery, directory, log, cart, faults=None):
    """Trims a cart. Returns the `Victim`, which may have been killed."""
    victim = battery.cart("journal", "trim", "--dir", directory, cart, beside=log, faults=faults, directory=directory)
    for name in battery.fired_by(victim):
        battery.fired(fired_in_trim(name) if name.startswith(("kill_", "fail_")) else name)
    if victim.status == 0:
        battery.fired(TRIMMED)
    return victim


def trim_some(battery, directory, log, faults=None):
    """Trims one of the carts that have recorded most. What a trim had synced before it was killed must hold."""
    carts = recorded_carts(log)
    if not carts:
        return
    cart = battery.random.choice(carts)
    victim = trim(battery, directory, log, cart, faults)
    killed = [name for name in victim.fired if name.startswith("kill_")]
    expected = -9 if killed else 0
    battery.require(victim.status == expected, f"it did not end as it should, {expected}\n{victim.story()}")
    if "kill_after_sync" in killed:
        shown = battery.cart("journal", "show", "--dir", directory, cart, beside=log)
        battery.require(
            shown.status == 0 and " trimmed" in shown.stdout, f"a trim that was synced is gone\n{shown.story()}"
        )
