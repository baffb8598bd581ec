"""How often a person, an address or an account may try."""

from typing import Any

from .. import env

# A POST to a view of an app above accounts counts as an attempt of this kind.
GUARDED = {
    **dict.fromkeys(("scans:new", "scans:batches", "scans:camera", "scans:tus", "scans:live_keep"), "upload"),
    **dict.fromkeys(("scans:live", "scans:live_picture"), "live"),
    **dict.fromkeys(("scans:check", "profile:export"), "export"),
}
# The same for a GET: what packs or reads whole files.
GUARDED_READS = dict.fromkeys(("scans:evidence_file", "scans:export", "scans:case_export"), "export")
COUNTED_ELSEWHERE = ("api:",)  # by key instead of address: scans/api/limits.py
# Attempts per period; see accounts/throttle.py for what each one guards.
LIMITS: dict[str, dict[str, Any]] = {
    "sign-in": {"account": env.text("LIMIT_SIGN_IN", "10/5m"), "address": env.text("LIMIT_SIGN_IN_ADDRESS", "30/5m")},
    "sign-up": {"account": env.text("LIMIT_SIGN_UP", "5/1h"), "address": env.text("LIMIT_SIGN_UP_ADDRESS", "20/1h")},
    "reset": {"account": env.text("LIMIT_RESET", "5/1h"), "address": env.text("LIMIT_RESET_ADDRESS", "20/1h")},
    "upload": {
        "visitor": {
            "": env.text("LIMIT_UPLOAD", "5/1m"),
            **dict(entry.split("=", 1) for entry in env.listing("LIMIT_UPLOAD_BY_ROLE")),
        }
    },
    "live": {"visitor": env.text("LIMIT_LIVE", "90/1m")},
    "review": {"visitor": env.text("LIMIT_REVIEW", "120/1m")},
    "webhook_test": {"visitor": env.text("LIMIT_WEBHOOK_TEST", "10/1m")},
    "export": {"visitor": env.text("LIMIT_EXPORT", "20/1m")},
    "read": {"visitor": env.text("LIMIT_READ", "600/1m")},
}
