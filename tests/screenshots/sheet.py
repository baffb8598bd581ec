"""Contact sheets: the pictures of all states side by side, each under its name."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SCALE = 0.4
TALLEST = 900  # pixels of the sheet that a picture gets; the rest of a long page is cut off
ACROSS = 4  # states in a row
GAP = 16
NAME = 28  # pixels for the name


def make(folder: Path, names: list[str], language: str, theme: str, widths: list[int]) -> Path:
    """One sheet of this language and theme, made of the pictures in the folder."""
    tiles = [tile([folder / f"{name}-{language}-{theme}-{width}.png" for width in widths], name) for name in names]
    rows = [tiles[start : start + ACROSS] for start in range(0, len(tiles), ACROSS)]
    width = max(sum(picture.width + GAP for picture in row) for row in rows) + GAP
    height = sum(max(picture.height for picture in row) + GAP for row in rows) + GAP
    sheet = Image.new("RGB", (width, height), "#888")
    top = GAP
    for row in rows:
        left = GAP
        for picture in row:
            sheet.paste(picture, (left, top))
            left += picture.width + GAP
        top += max(picture.height for picture in row) + GAP
    path = folder / f"sheet-{language}-{theme}.png"
    sheet.save(path)
    return path


def tile(paths: list[Path], name: str) -> Image.Image:
    """One state in all its widths."""
    pictures = []
    for path in paths:
        picture = Image.open(path).convert("RGB")
        small = picture.resize((round(picture.width * SCALE), round(picture.height * SCALE)), Image.Resampling.LANCZOS)
        pictures.append(small.crop((0, 0, small.width, min(small.height, TALLEST))))
    width = sum(picture.width for picture in pictures) + GAP // 2 * (len(pictures) - 1)
    made = Image.new("RGB", (width, NAME + max(picture.height for picture in pictures)), "#888")
    ImageDraw.Draw(made).text((0, 2), name, "#fff", ImageFont.load_default(20))
    left = 0
    for picture in pictures:
        made.paste(picture, (left, NAME))
        left += picture.width + GAP // 2
    return made
