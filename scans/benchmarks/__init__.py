"""What the site itself costs, measured: beside its workers, and with many rows."""
