"""Which tables are captured, which cannot be, and why, in plain words. Pure: no connection."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from triggers.catalog import Catalog, Relation

State = Literal["captured", "refused", "excluded"]

MIGRATION_TABLES = frozenset(
    {
        "__EFMigrationsHistory",
        "_prisma_migrations",
        "_sqlx_migrations",
        "__diesel_schema_migrations",
        "__drizzle_migrations",
        "alembic_version",
        "ar_internal_metadata",
        "atlas_schema_revisions",
        "databasechangelog",
        "databasechangeloglock",
        "django_migrations",
        "doctrine_migration_versions",
        "flyway_schema_history",
        "gorp_migrations",
        "goose_db_version",
        "knex_migrations",
        "knex_migrations_lock",
        "kysely_migration",
        "kysely_migration_lock",
        "mikro_orm_migrations",
        "pgmigrations",
        "phinxlog",
        "schema_migrations",
        "sequelize_meta",
        "SequelizeMeta",
        "typeorm_metadata",
        "yoyo_lock",
    }
)
"""What migration tools write down about one database; the other side's own migrations write its own."""

INTERLEAVE = "cdc install-triggers --interleave-sequences"


@dataclass(frozen=True, slots=True)
class TableReport:
    """What becomes of one table. `notes` say why and what it means, each a sentence for people.

    `key_columns` are empty where nothing but the whole row identifies a row.
    """

    entity: str
    state: State
    key_columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """A table and what becomes of it. `levels`: the relations that bear triggers, the table itself first."""

    relation: Relation
    report: TableReport
    levels: tuple[Relation, ...]


def choose(
    catalog: Catalog, *, include: Collection[str] = (), exclude: Collection[str] = ()
) -> tuple[Choice, ...]:
    """Decide about every table.

    Args:
        catalog: what there is.
        include: where not empty, only these are captured, migration tools' tables too.
        exclude: these are not. Names are `table` or `schema.table`.
    """
    chosen: list[Choice] = []
    for relation in catalog.relations:
        if relation.root is not None and relation.root != relation.relid:
            continue
        levels = catalog.level(relation)
        state, notes = _decide(catalog, relation, levels, include, exclude)
        keys = relation.key_columns if state == "captured" else ()
        chosen.append(Choice(relation, TableReport(relation.entity, state, keys, tuple(notes)), levels))
    return tuple(chosen)


def unknown(catalog: Catalog, names: Collection[str]) -> tuple[TableReport, ...]:
    """A report for each name that was asked for and is no table."""
    known = {name for each in catalog.relations for name in (each.entity, each.full_name)}
    note = (
        "There is no table of this name in the chosen schemas; write it as PostgreSQL has it, case included."
    )
    return tuple(TableReport(name, "refused", (), (note,)) for name in names if name not in known)


def _decide(
    catalog: Catalog,
    relation: Relation,
    levels: tuple[Relation, ...],
    include: Collection[str],
    exclude: Collection[str],
) -> tuple[State, list[str]]:
    why_not = _excluded(relation, include, exclude)
    if why_not:
        return "excluded", [why_not]
    refusal = _refused(catalog, relation, levels)
    if refusal:
        return "refused", [refusal]
    return "captured", [*_key_notes(relation), *_notes(catalog, relation, levels)]


def _excluded(relation: Relation, include: Collection[str], exclude: Collection[str]) -> str | None:
    names = {relation.entity, relation.full_name}
    reasons = (
        (relation.schema == "cdc", "It belongs to this service."),
        (bool(names & set(exclude)), "Excluded by choice."),
        (bool(include) and not names & set(include), "Not among the chosen tables."),
        (
            relation.extension is not None,
            f"It belongs to extension {relation.extension}, which looks after it on each side.",
        ),
        (
            relation.root is None,
            "It is a partition of a table in a schema that is not synced; add that schema to capture it.",
        ),
        (
            relation.table in MIGRATION_TABLES and not include,
            "A migration tool keeps its record of this one database here; name it in --tables to capture it.",
        ),
    )
    return next((reason for applies, reason in reasons if applies), None)


def _refused(catalog: Catalog, relation: Relation, levels: tuple[Relation, ...]) -> str | None:
    reasons = (_level_refused(catalog, level, is_partition=level is not relation) for level in levels)
    refusal = next((reason for reason in reasons if reason), None)
    if refusal is None and relation.is_parent:
        return (
            "Other tables inherit from it (classic inheritance), and a statement on it changes rows of "
            "theirs. Those are captured as tables of their own, this one is not. Declarative partitions work."
        )
    return refusal


def _level_refused(catalog: Catalog, level: Relation, *, is_partition: bool) -> str | None:
    what = f"Its partition {level.full_name}" if is_partition else "It"
    if level.kind == "f":
        return f"{what} is a foreign table: its rows live on another server, where changes are not seen."
    if level.relid in catalog.subscribed:
        return (
            f"{what} is written by a logical replication subscription, whose worker fires no statement "
            "triggers; drop the subscription, or exclude the table."
        )
    if not level.owned:
        return (
            f"{what} belongs to role {level.owner}, and only an owner can put triggers on a table; GRANT "
            f"{level.owner} TO the role that this service uses, which has to inherit its rights, or give it the "
            "table."
        )
    if level.hidden:
        return (
            f"{what} has row-level security that hides rows from the role that this service uses, so they "
            "would be missing on the other side; give that role BYPASSRLS, or ALTER TABLE … NO FORCE ROW "
            "LEVEL SECURITY."
        )
    return None


def _key_notes(relation: Relation) -> list[str]:
    if not relation.key_columns:
        note = (
            "It has no primary key and no unique index on NOT NULL columns: only the whole row identifies a "
            "row, and equal rows are told apart by their number alone. Add a primary key."
        )
        return [note]
    if not relation.key_immediate:
        return ["Its key is deferrable: for a moment two rows may bear it, and such changes take longer."]
    return []


def _notes(catalog: Catalog, relation: Relation, levels: tuple[Relation, ...]) -> list[str]:
    notes = [
        f"It inherits from {parent}: what is changed through {parent} is not seen, only what is changed here."
        for parent in relation.parents
    ]
    if any(level.persistence == "u" for level in levels):
        notes.append("It is unlogged: a crash of its server empties it, and that is not seen as a change.")
    relids = {level.relid for level in levels}
    notes += [
        f"Sequence {number.entity} gives the same numbers on both sides, so rows inserted on both would "
        f"collide; run `{INTERLEAVE}` first (MAIN then takes odd numbers, BACKUP even ones)."
        for number in catalog.sequences
        if number.relid in relids and number.increment == 1
    ]
    return notes
