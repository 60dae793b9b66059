"""Columns of which both sides' deltas are kept: two equal sales are two sales.

A change that cannot be applied as it stands waits in an entry. What it adds to such a column is added up there, in
`reached`: the entry's base plus all that was added at the source since. So what each side is to have is known
exactly, whatever was applied in between: its own row plus what waits for it. Both sides must come to the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdc import records
from cdc.merge import Question
from cdc.model import Image
from cdc.policy import ColumnRule, PolicyRule, Strategy
from cdc.shape import TableShape
from cdc.strategies import answer
from cdc.target import Target
from triggers.statements import statement

_SUM = ColumnRule(Strategy.SUM)


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


async def add(
    target: Target,
    shape: TableShape,
    changes: Sequence[tuple[str, Image | None, Image | None]],
    reached: Mapping[str, Image],
) -> None:
    """Add later changes to what summed columns of live entries have reached, inside the applying transaction.

    Args:
        target: where the entries are.
        shape: the table there.
        changes: for each record its id and the source's row before and after the change.
        reached: what the entries had reached before. A column that nothing can be added to any more leaves it: what
            it is to be is then for a person to say.
    """
    asked: list[tuple[str, Question]] = []
    for entity_id, before, after in changes:
        for name, value in reached.get(entity_id, {}).items():
            if before is not None and after is not None and name in before and name in after:
                asked.append((entity_id, Question(name, _SUM, before[name], after[name], value)))
    answers = await answer(target.connection, shape, [question for _, question in asked])
    sums: dict[str, Image] = {entity_id: {} for entity_id in reached}
    for (entity_id, _), found in zip(asked, answers, strict=True):
        if isinstance(found, dict):
            sums[entity_id] |= found
    if sums:
        kept = [records.dump(each) for each in sums.values()]
        sql = statement("sync_state_reached", "cdc")
        await target.connection.execute(sql, str(shape.entity), list(sums), kept)
