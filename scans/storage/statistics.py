"""What SQLite knows of its rows when it chooses between indexes."""

from django.db import connection

SAMPLE = 400  # entries of each index that are read, so that it takes milliseconds


def gather() -> None:
    """Without statistics, SQLite takes an owner of 100,000 scans for one of ten. It then reads all of them where it
    should begin with a batch, tag or case. PostgreSQL gathers its own."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA analysis_limit = {SAMPLE}")
            cursor.execute("ANALYZE")
