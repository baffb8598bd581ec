"""Triggers by which the database itself refuses to rewrite or remove what was decided and what happened.

They are set after every migration, because SQLite copies a table to change it and drops the triggers of the old one.
Whoever owns the database can remove them: then the chain tells, and `missing` does.
"""

from typing import Any

from django.db import connections

# Table → what must stay as it was written. Times may move: a decision settles, an event is told to others.
FIXED: dict[str, tuple[str, ...]] = {
    "scans_decision": (
        "id", "scan_id", "item_id", "assessment_id", "decider_id", "label", "action", "policy_id", "public_note",
        "overrides", "needs_second", "blind", "supersedes_id", "group",
    ),
    "scans_secondlook": ("id", "decision_id", "person_id", "verdict", "note"),
    "scans_undo": ("id", "decision_id", "person_id"),
    "scans_event": ("id", "scan_id", "kind", "actor_id", "at", "content"),
    "scans_anchor": ("id", "position", "hash", "statement", "key", "signature", "at"),
}  # fmt: skip
ONCE = {"scans_event": ("position", "previous", "salt", "hash", "sealed_at")}  # empty, then written, then fixed


def set_up(using: str = "default", **_kwargs: Any) -> None:
    """Set all triggers anew; of a database that is migrated back, those whose columns are there."""
    connection = connections[using]
    remove(connection)
    if connection.vendor == "postgresql":
        _run(
            connection,
            "CREATE OR REPLACE FUNCTION scans_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION USING ERRCODE = '23514', "
            "MESSAGE = 'rows of ' || TG_TABLE_NAME || ' are added, never changed'; END $$",
        )
    for table in FIXED:
        if _has_columns(connection, table):
            for sql in _triggers(connection.vendor, table).values():
                _run(connection, sql)


def remove(connection: Any) -> None:
    there = set(connection.introspection.table_names())
    for table in FIXED.keys() & there:
        on = f" ON {table}" if connection.vendor == "postgresql" else ""
        for verb in ("update", "delete", "truncate"):
            _run(connection, f"DROP TRIGGER IF EXISTS {table}_{verb}{on}")


def missing(connection: Any) -> list[str]:
    """Names of triggers that are not there, or are switched off."""
    expected = {name for table in FIXED for name in _triggers(connection.vendor, table)}
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if connection.vendor == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        return sorted(expected - {name for (name,) in cursor.fetchall()})


def _triggers(vendor: str, table: str) -> dict[str, str]:
    """Name → SQL."""
    once = ONCE.get(table, ())
    listed = ", ".join(f'"{name}"' for name in (*FIXED[table], *once))
    differs = "IS DISTINCT FROM" if vendor == "postgresql" else "IS NOT"
    changed = " OR ".join(f'OLD."{name}" {differs} NEW."{name}"' for name in FIXED[table])
    if once:
        sealed = " OR ".join(f'OLD."{name}" {differs} NEW."{name}"' for name in once)
        changed = f'{changed} OR (OLD."position" IS NOT NULL AND ({sealed}))'
    if vendor == "postgresql":
        refuse = "EXECUTE FUNCTION scans_append_only()"
        return {
            f"{table}_update": f"CREATE TRIGGER {table}_update BEFORE UPDATE OF {listed} ON {table} FOR EACH ROW "
            f"WHEN ({changed}) {refuse}",
            f"{table}_delete": f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
            f"{table}_truncate": f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT {refuse}",
        }
    refuse = f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are added, never changed'); END"
    return {
        f"{table}_update": f"CREATE TRIGGER {table}_update BEFORE UPDATE OF {listed} ON {table} WHEN {changed} "
        f"{refuse}",
        f"{table}_delete": f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} {refuse}",
    }


def _has_columns(connection: Any, table: str) -> bool:
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return False
        there = {column.name for column in connection.introspection.get_table_description(cursor, table)}
    return there.issuperset((*FIXED[table], *ONCE.get(table, ())))


def _run(connection: Any, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
