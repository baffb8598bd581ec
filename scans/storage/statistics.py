"""What SQLite knows of its rows when it chooses between indexes."""

from django.db import connection


def gather() -> None:
    """Without statistics, SQLite takes an owner of 100,000 scans for one of ten. It then reads all of them where it
    should begin with a batch, tag or case. PostgreSQL gathers its own.

    All entries of the indexes are read, which takes a second for 100,000 scans: from a sample, SQLite 3.40 takes a
    table for three times its size, and sorts it where it could read the newest rows from an index."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
