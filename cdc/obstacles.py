"""What of a target's table stands in the way of writing to it, and what would change rows on their way in. Pure."""

from __future__ import annotations

from cdc.errors import SchemaMismatch
from cdc.model import Entity
from cdc.shape import TableShape


def check_writable(shape: TableShape, *, replica: bool, accepted: bool) -> None:
    """Refuse to write where rows would be missed, or where people's triggers would do their work twice.

    Args:
        shape: the target's table.
        replica: whether the role works as a replica, so that ordinary triggers and rules do not fire.
        accepted: whether people said that their triggers may fire.

    Raises:
        SchemaMismatch: saying what to do; the table waits and goes on by itself.
    """
    found, entity = shape.surroundings, shape.entity
    if found.forbidden:
        raise _mismatch(
            entity,
            "this role may not read and write it on the target",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {shape.relation} TO it, or make it a member of the owner",
        )
    if found.hidden:
        raise _mismatch(
            entity,
            "row-level security hides rows of the target from this role",
            f"give the role BYPASSRLS, or ALTER TABLE {shape.relation} NO FORCE ROW LEVEL SECURITY",
        )
    rules = found.replica_rules if replica else found.rules
    if rules:
        raise _mismatch(
            entity,
            f"rules rewrite what is written to it: {', '.join(rules)}",
            "use triggers instead of rules",
        )
    if found.triggers and not replica and not accepted:
        raise _mismatch(
            entity,
            f"its triggers would do their work a second time on the target: {', '.join(found.triggers)}",
            "GRANT SET ON PARAMETER session_replication_role TO this role (PostgreSQL 15 and newer), or accept that "
            f"they fire on both sides: cdc install-triggers --accept-triggers {entity}",
        )


def fires(shape: TableShape, *, replica: bool) -> bool:
    """Whether people's triggers fire when we write."""
    return bool(shape.surroundings.replica_triggers if replica else shape.surroundings.triggers)


def changes_rows(shape: TableShape, *, replica: bool) -> bool:
    """Whether a row may be another than the one we write: triggers fire, or an identity column cannot be set."""
    return fires(shape, replica=replica) or any(
        column.identity_always and shape.key([column.name]) is None for column in shape.columns
    )


def _mismatch(entity: Entity, what: str, hint: str) -> SchemaMismatch:
    return SchemaMismatch(f"{entity}: {what}; {hint}", entity=str(entity), hint=hint)
