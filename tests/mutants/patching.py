"""Put the functions and tables of a changed module in the place of those that are loaded."""

import ast
import gc
import sys
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

Function = tuple[str, int]  # its qualified name and first line


def patch(module: ModuleType, source: str) -> list[Function]:
    """What was changed, by the original's names; empty where it counts at import only: defaults, decorators, classes.
    A changed table may count everywhere: it is called `*`."""
    file = str(module.__file__)
    before_text = Path(file).read_text()
    before, after = (_functions(compile(text, file, "exec")) for text in (before_text, source))
    changed: list[Function] = []
    gc.unfreeze()  # what tests/conftest.py froze is not among the objects otherwise
    loaded = [each for each in gc.get_objects() if isinstance(each, FunctionType) and each.__code__.co_filename == file]
    for (old_name, old), (_name, new) in zip(before, after, strict=False):
        if _same(old, new):
            continue
        for function in loaded:
            code = function.__code__
            if (code.co_qualname, code.co_firstlineno) == old_name and len(code.co_freevars) == len(new.co_freevars):
                function.__code__ = new
                changed.append(old_name)
    return changed or _patch_tables(module, before_text, source)


def _functions(code: CodeType) -> list[tuple[Function, CodeType]]:
    functions = []
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & 0x2:  # a function; a class has a namespace of its own
                functions.append(((constant.co_qualname, constant.co_firstlineno), constant))
            else:
                functions.extend(_functions(constant))
    return functions


def _same(old: CodeType, new: CodeType) -> bool:
    """Wherever in the file they stand."""
    return old.replace(co_firstlineno=1, co_linetable=b"") == new.replace(co_firstlineno=1, co_linetable=b"") or (
        _plain(old) == _plain(new)
    )


def _plain(code: CodeType) -> Any:
    constants = tuple(_plain(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts)
    return code.co_code, code.co_names, code.co_varnames, constants, code.co_exceptiontable


def _patch_tables(module: ModuleType, before: str, after: str) -> list[Function]:
    """The one assignment at the module's level that differs, wherever its value was imported to."""
    for old, new in zip(ast.parse(before).body, ast.parse(after).body, strict=False):
        if ast.dump(old) == ast.dump(new) or not isinstance(new, ast.Assign | ast.AnnAssign):
            continue
        (target,) = new.targets if isinstance(new, ast.Assign) else [new.target]
        if not isinstance(target, ast.Name):
            return []
        space = dict(vars(module))
        exec(compile(ast.Module([new], []), str(module.__file__), "exec"), space)
        original, changed = vars(module)[target.id], space[target.id]
        if isinstance(original, dict):
            original.clear()
            original.update(changed)
        else:
            for other in list(sys.modules.values()):
                if vars(other).get(target.id) is original:
                    setattr(other, target.id, changed)
        return [("*", 0)]
    return []
