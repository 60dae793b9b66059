"""Columns of which both sides' deltas are kept: two equal sales are two sales.

A change that cannot be applied as it stands waits in an entry. What it adds to such a column is added up there, in
`reached`: the entry's base plus all that was added at the source since. So what each side is to have is known
exactly, whatever was applied in between: its own row plus what waits for it. Both sides must come to the same.
"""

from __future__ import annotations

from cdc.model import Image
from cdc.policy import PolicyRule


def first_reached(policy: PolicyRule, base: Image | None, incoming: Image | None) -> Image | None:
    """What summed columns have reached with an entry's first change; None where there is nothing to add to. Pure."""
    if not policy.summed or base is None or incoming is None:
        return None
    return {name: incoming[name] for name in policy.summed if name in incoming and name in base}


def adds(policy: PolicyRule, base: Image | None, incoming: Image | None) -> bool:
    """Whether a change adds to a summed column, so that a row which holds its result already is no answer. Pure."""
    if base is None or incoming is None:
        return False
    return any(base.get(name) != incoming.get(name) for name in policy.summed)
