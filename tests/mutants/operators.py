"""The changes that are tried: cosmic-ray's, and three of our own for what this code is made of.

Tables, guards and queries decide who may do what here. Cosmic-ray changes operators and numbers, but takes no entry
out of a table, no guard out of a function and no condition out of a query.
"""

import ast
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

Span = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Mutant:
    operator: str
    line: int
    original: str
    make: Callable[[], str | None]

    def source(self) -> str | None:
        """The whole changed module; None where the change is none, or no Python."""
        changed = self.make()
        try:
            same = changed is None or ast.dump(ast.parse(changed)) == ast.dump(ast.parse(self.original))
        except SyntaxError:
            return None
        return None if same else changed


def mutants_of(root: Path, module: str, seed: int) -> list[Mutant]:
    """Every place that can be changed, in the order of the file. Where cosmic-ray has several replacements for one
    operator, the seed draws one of them."""
    source = (root / module).read_text()
    ignored = list(_ignored(ast.parse(source)))
    places = [*_of_cosmic_ray(source, ignored, seed), *_of_our_own(source, ignored)]
    mutants = [Mutant(operator, line, source, make) for operator, line, make in places]
    return sorted(mutants, key=lambda mutant: (mutant.line, mutant.operator))


def draw(mutants: list[Mutant], count: int | None, seed: int) -> list[Mutant]:
    if count is None or count >= len(mutants):
        return mutants
    chosen = set(random.Random(seed).sample(range(len(mutants)), count))
    return [mutant for number, mutant in enumerate(mutants) if number in chosen]


def place_of(file: Path, line: int) -> str:
    """The outermost function or table at this line; of a class, `Class.name`."""
    statements, prefix = ast.parse(file.read_text()).body, ""
    for _ in range(2):
        for node in statements:
            if not node.lineno <= line <= (node.end_lineno or 0):
                continue
            if isinstance(node, ast.ClassDef) and not prefix:
                statements, prefix = node.body, f"{node.name}."
                break
            targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
            return prefix + (getattr(node, "name", "") or "".join(ast.unparse(target) for target in targets))
    return prefix


def _of_cosmic_ray(source: str, ignored: list[Span], seed: int) -> Iterator[tuple[str, int, Callable[[], str | None]]]:
    tree = get_ast(source)
    places: dict[tuple[str, object, object], list[tuple[str, int]]] = {}
    for name in operator_names():
        if get_operator(name).arguments():
            continue
        operator = get_operator(name)()
        positions = (place for node in ast_nodes(tree) for place in operator.mutation_positions(node))
        family = name.removeprefix("core/").partition("_")[0]
        for occurrence, (start, end) in enumerate(positions):
            if not any(begin <= start and end <= stop for begin, stop in ignored):
                places.setdefault((family, start, end), []).append((name, occurrence))
    chance = random.Random(seed)
    for (family, start, _end), choices in sorted(places.items(), key=lambda place: str(place[0])):
        name, occurrence = chance.choice(choices)
        make = partial(mutate_code, source, get_operator(name)(), occurrence)
        yield family, start[0], make  # type: ignore[index]


def _of_our_own(source: str, ignored: list[Span]) -> Iterator[tuple[str, int, Callable[[], str | None]]]:
    lines = source.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    text = source.encode()

    def replaced(node: ast.AST, by: bytes, *, comma: bool = False) -> str:
        begin = starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        end = starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
        rest = text[end:]
        if comma and rest.lstrip().startswith(b","):
            rest = rest.lstrip()[1:]
        elif comma:  # the last entry of several
            begin = len(text[:begin].rstrip().removesuffix(b","))
        return (text[:begin] + by + rest).decode()

    for node in ast.walk(ast.parse(source)):
        if hasattr(node, "lineno") and any(begin <= _span(node)[0] < stop for begin, stop in ignored):
            continue
        if isinstance(node, ast.Set | ast.List | ast.Tuple) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            for entry in node.elts if len(node.elts) > 1 else []:
                yield "DropEntry", entry.lineno, partial(replaced, entry, b"", comma=True)
        elif isinstance(node, ast.Dict) and len(node.keys) > 1:
            for key, value in zip(node.keys, node.values, strict=True):
                if key is not None:
                    pair = ast.copy_location(ast.Pass(), key)
                    pair.end_lineno, pair.end_col_offset = value.end_lineno, value.end_col_offset
                    yield "DropEntry", key.lineno, partial(replaced, pair, b"", comma=True)
        elif isinstance(node, ast.Call):
            for keyword in node.keywords if len(node.keywords) + len(node.args) > 1 else []:
                if keyword.arg:
                    yield "DropKeyword", keyword.lineno, partial(replaced, keyword, b"", comma=True)
        elif isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
            yield "DropStatement", node.lineno, partial(replaced, node, b"pass")


def _ignored(tree: ast.AST) -> Iterator[Span]:
    """Annotations, which change nothing at run time, and database columns, which `make lint` compares with the
    migrations."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            yield _span(node.annotation)
        elif isinstance(node, ast.FunctionDef) and node.returns:
            yield _span(node.returns)
        elif isinstance(node, ast.ClassDef):
            for statement in node.body:
                column = isinstance(statement, ast.Assign) and ast.unparse(statement.value).startswith("models.")
                if column or (isinstance(statement, ast.ClassDef) and statement.name == "Meta"):
                    yield _span(statement)


def _span(node: ast.AST) -> Span:
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]


def difference(before: str, after: str) -> tuple[str, str]:
    """The lines in which two texts differ, without the spaces at their ends."""
    old, new = before.splitlines(), after.splitlines()
    first = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    return tuple(" ".join(line.strip() for line in part[first : len(part) - last]) for part in (old, new))  # type: ignore[return-value]
