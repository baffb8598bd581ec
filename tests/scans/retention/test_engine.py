"""What is kept, why and until when: every conflict between a reason to delete a file and one to keep it."""

import datetime as dt

import pytest

from scans.retention.engine import Facts, Reason, decide

NOW = dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC)
PAST, FUTURE, LATER = (NOW + dt.timedelta(days=days) for days in (-1, 10, 20))
NEVER = None

# name: (why it goes and when, why it stays and until when, is it kept, all reasons, until when)
CONFLICTS = {
    "nothing speaks of it": ({}, {}, True, {"no_end"}, NEVER),
    "in the trash, its time is not over": ({"trash": FUTURE}, {}, True, {"trash"}, FUTURE),
    "in the trash, its time is over": ({"trash": PAST}, {}, False, {"trash"}, PAST),
    "to the second": ({"trash": NOW}, {}, False, {"trash"}, NOW),
    "trash against a legal hold": ({"trash": PAST}, {"legal_hold": None}, True, {"trash", "legal_hold"}, NEVER),
    "trash against an appeal": ({"trash": PAST}, {"appeal": None}, True, {"trash", "appeal"}, NEVER),
    "trash against the appeal window": ({"trash": PAST}, {"appeal_window": FUTURE}, False, {"trash"}, PAST),
    "trash against a review": ({"trash": PAST}, {"review": None}, False, {"trash"}, PAST),
    "trash against the bank": ({"trash": PAST}, {"bank": None}, False, {"trash"}, PAST),
    "a request against a legal hold": (
        {"request": NOW}, {"legal_hold": None}, True, {"request", "legal_hold"}, NEVER,
    ),
    "a request against an appeal": ({"request": NOW}, {"appeal": None}, True, {"request", "appeal"}, NEVER),
    "a request against the bank and a review": (
        {"request": NOW}, {"bank": None, "review": None}, False, {"request"}, NOW,
    ),
    "a request while it is analysed": ({"request": NOW}, {"in_work": None}, True, {"request", "in_work"}, NEVER),
    "erasure against a legal hold": ({"erasure": PAST}, {"legal_hold": None}, True, {"erasure", "legal_hold"}, NEVER),
    "erasure against one's own appeal": ({"erasure": PAST}, {"appeal": None}, False, {"erasure"}, PAST),
    "erasure while it is analysed": ({"erasure": PAST}, {"in_work": None}, False, {"erasure"}, PAST),
    "erasure against all that is not a hold": (
        {"erasure": PAST},
        {"appeal": None, "appeal_window": LATER, "review": None, "bank": None, "locked_case": None},
        False, {"erasure"}, PAST,
    ),
    "erasure that is not due yet": ({"erasure": FUTURE}, {}, True, {"erasure"}, FUTURE),
    "zero retention": ({"zero_retention": PAST}, {}, False, {"zero_retention"}, PAST),
    "zero retention before the analysis is done": (
        {"zero_retention": PAST}, {"in_work": None}, True, {"zero_retention", "in_work"}, NEVER,
    ),
    "zero retention against the bank": ({"zero_retention": PAST}, {"bank": None}, False, {"zero_retention"}, PAST),
    "zero retention against a review": ({"zero_retention": PAST}, {"review": None}, False, {"zero_retention"}, PAST),
    "zero retention against a legal hold": (
        {"zero_retention": PAST}, {"legal_hold": None}, True, {"zero_retention", "legal_hold"}, NEVER,
    ),
    "a rule whose days are over": ({"rule": PAST}, {}, False, {"rule"}, PAST),
    "a rule against the appeal window": (
        {"rule": PAST}, {"appeal_window": FUTURE}, True, {"rule", "appeal_window"}, FUTURE,
    ),
    "a rule that ends after the appeal window": (
        {"rule": LATER}, {"appeal_window": FUTURE}, True, {"rule", "appeal_window"}, LATER,
    ),
    "a rule after the appeal window": ({"rule": PAST}, {"appeal_window": PAST}, False, {"rule"}, PAST),
    "a rule against an open review": ({"rule": PAST}, {"review": None}, True, {"rule", "review"}, NEVER),
    "a rule against the bank": ({"rule": PAST}, {"bank": None}, True, {"rule", "bank"}, NEVER),
    "a rule against an entry in the bank that ends": ({"rule": PAST}, {"bank": LATER}, True, {"rule", "bank"}, LATER),
    "a rule against a locked case": ({"rule": PAST}, {"locked_case": None}, True, {"rule", "locked_case"}, NEVER),
    "a rule against an appeal": ({"rule": PAST}, {"appeal": None}, True, {"rule", "appeal"}, NEVER),
    "all that keeps it is named, also where one would do": (
        {"rule": PAST},
        {"legal_hold": None, "appeal": None, "appeal_window": FUTURE, "bank": LATER},
        True, {"rule", "legal_hold", "appeal", "appeal_window", "bank"}, NEVER,
    ),
    "a rule is kept back, and the trash lets it go": (
        {"rule": PAST, "trash": PAST}, {"appeal_window": FUTURE}, False, {"trash"}, PAST,
    ),
    "the earlier of two ends counts": (
        {"rule": LATER, "trash": FUTURE}, {}, True, {"rule", "trash"}, FUTURE,
    ),
    "both ends that are due are named": ({"rule": PAST, "trash": PAST}, {}, False, {"rule", "trash"}, PAST),
    "the trash is held by an appeal, and the erasure is not": (
        {"trash": PAST, "erasure": FUTURE}, {"appeal": None}, True, {"trash", "erasure", "appeal"}, FUTURE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONFLICTS)
def test_every_conflict_has_one_answer_with_all_its_reasons(name: str) -> None:
    ends, stays, keep, reasons, until = CONFLICTS[name]
    facts = Facts({Reason(code): at for code, at in ends.items()}, {Reason(code): at for code, at in stays.items()})
    decision = decide(facts, NOW)
    assert (decision.keep, {str(code.value) for code in decision.codes}, decision.until) == (keep, reasons, until)


def test_of_a_deleted_scan_nothing_is_left_to_decide() -> None:
    decision = decide(Facts({Reason.TRASH: PAST}, {Reason.LEGAL_HOLD: None}, is_deleted=True), NOW)
    assert (decision.keep, decision.codes) == (False, (Reason.DELETED,))
