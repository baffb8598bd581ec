"""Which tests should notice a change in which module, the quickest first."""

DESK = "tests/scans/desk/test_"
WEB = "tests/scans/web/test_"
JUDGING = "tests/detection/judging/test_"


def files(folder: str, names: str) -> list[str]:
    return [f"{folder}{name}.py" for name in names.split()]


MODULES: dict[str, list[str]] = {
    "accounts/roles.py": [*files("tests/accounts/test_", "roles keys desk"), *files(DESK, "permissions")],
    "scans/models/scan.py": [
        *files("tests/scans/test_", "analysis intake rescue"),
        *files(WEB, "trash notifications home"),
    ],
    "scans/models/decision.py": [
        *files(DESK, "decisions policies"),
        *files(WEB, "verdict one_verdict"),
        *files(DESK, "learning"),
    ],
    "scans/review/decisions.py": [
        *files(DESK, "decisions bulk blind"),
        *files(WEB, "verdict"),
        *files(DESK, "colleagues"),
    ],
    "scans/review/appeals.py": [*files(WEB, "verdict"), *files(DESK, "decisions queue colleagues learning")],
    "scans/outcome/effective.py": files(WEB, "one_verdict verdict home history"),
    "scans/review/queue.py": files(DESK, "queue order colleagues blind caring"),
    "detection/panel.py": files(JUDGING, "judging_rules"),
    "detection/bundle.py": files(JUDGING, "judging_rules"),
}
