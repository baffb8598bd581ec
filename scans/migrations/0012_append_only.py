"""What was decided, and what happened, can't be rewritten in the database either."""

from django.db import migrations

# Table → what must stay as it was written. Times may move: a decision settles, an event is told to others.
FIXED = {
    "scans_decision": (
        "scan_id", "item_id", "assessment_id", "decider_id", "label", "action", "policy_id", "public_note", "overrides",
        "needs_second", "blind", "supersedes_id", "group",
    ),
    "scans_secondlook": ("decision_id", "person_id", "verdict", "note"),
    "scans_undo": ("decision_id", "person_id"),
    "scans_event": ("scan_id", "kind", "actor_id", "content"),
}  # fmt: skip


def guard(apps, schema_editor):
    run = schema_editor.execute
    if schema_editor.connection.vendor == "postgresql":
        run(
            "CREATE OR REPLACE FUNCTION scans_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'rows of ' || TG_TABLE_NAME || ' are added, never changed'; "
            "END $$"
        )
    for table, columns in FIXED.items():
        listed = ", ".join(f'"{name}"' for name in columns)
        if schema_editor.connection.vendor == "postgresql":
            changed = " OR ".join(f'OLD."{name}" IS DISTINCT FROM NEW."{name}"' for name in columns)
            run(
                f"CREATE TRIGGER {table}_update BEFORE UPDATE OF {listed} ON {table} FOR EACH ROW "
                f"WHEN ({changed}) EXECUTE FUNCTION scans_append_only()"
            )
            run(
                f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} FOR EACH ROW "
                "EXECUTE FUNCTION scans_append_only()"
            )
        else:
            changed = " OR ".join(f'OLD."{name}" IS NOT NEW."{name}"' for name in columns)
            run(
                f"CREATE TRIGGER {table}_update BEFORE UPDATE OF {listed} ON {table} WHEN {changed} "
                f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are added, never changed'); END"
            )


def unguard(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    for table in FIXED:
        on = f" ON {table}" if postgresql else ""
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_update{on}")
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_delete{on}")
    if postgresql:
        schema_editor.execute("DROP FUNCTION IF EXISTS scans_append_only()")


class Migration(migrations.Migration):
    dependencies = (("scans", "0011_trusted_sources"),)
    operations = (migrations.RunPython(guard, unguard),)
