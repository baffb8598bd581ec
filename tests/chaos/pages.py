"""Tables that commands write into the manual, between two marks."""

from pathlib import Path


def write(page: Path, mark: str, text: str) -> None:
    before, inside, after = _split(page, mark)
    page.write_text(f"{before}{inside[0]}\n{text.strip()}\n{inside[1]}{after}")


def read(page: Path, mark: str) -> str:
    text = page.read_text()
    begin, end = _marks(mark)
    return text.split(begin, 1)[1].split(end, 1)[0].strip()


def merged(old: str, new: list[str], keys: int) -> list[str]:
    """Rows of a table: a new row takes the place of the old one with the same first cells."""
    rows = {tuple(row.split(" | ")[:keys]): row for row in old.splitlines() if row.startswith("| ")}
    return list({**rows, **{tuple(row.split(" | ")[:keys]): row for row in new}}.values())


def _marks(mark: str) -> tuple[str, str]:
    return f"<!-- {mark} -->", f"<!-- /{mark} -->"


def _split(page: Path, mark: str) -> tuple[str, tuple[str, str], str]:
    begin, end = _marks(mark)
    before, rest = page.read_text().split(begin, 1)
    return before, (begin, end), rest.split(end, 1)[1]
