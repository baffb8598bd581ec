"""What a reviewer can do with an item, by the name of the button: each hands over to `scans.review`."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User

from ..analysis import lookalikes
from ..models import Action, Decision, Harm, Label, Note, ReviewItem, Scan, SecondLook, Skip
from ..review import caring, decisions, queue
from . import forms


class AtTheDesk(HttpRequest):
    """What a view behind the gate gets."""

    user: User


class Unfilled(Exception):
    """Something in the form is missing or does not fit."""

    def __init__(self, form: forms.Decide) -> None:
        super().__init__()
        self.form = form


NEXT: Final = object()  # go on with the next item
LIST: Final = object()  # back to the list
After = Any  # an item to show, NEXT, or LIST


def row_number(text: str) -> int:
    """The number of a row from a form or a URL; 0, which no row has, where it is none."""
    return int(text) if text.isdecimal() and len(text) < 16 else 0


def act(request: AtTheDesk, item: ReviewItem) -> After:
    verb = VERBS.get(request.POST.get("do", ""))
    if verb is None or not request.user.has_perm("scans.review"):
        raise PermissionDenied
    return verb(request, item)


def claim(request: AtTheDesk, item: ReviewItem) -> After:
    return queue.claim(item, request.user)


def take_over(request: AtTheDesk, item: ReviewItem) -> After:
    return queue.take_over(item, request.user)


def release(request: AtTheDesk, item: ReviewItem) -> After:
    queue.release(item, request.user)
    return LIST


def skip(request: AtTheDesk, item: ReviewItem) -> After:
    cause = request.POST.get("cause", "")
    if cause not in Skip.Cause.values:
        messages.error(request, _("Choose a reason for skipping it."))
        return item
    queue.skip(item, request.user, Skip.Cause(cause))
    return NEXT


def opinion(request: AtTheDesk, item: ReviewItem) -> After:
    queue.ask_another(item, request.user, request.POST.get("message", "").strip()[:2000])
    messages.success(request, _("%s is back in the queue for a second opinion. You will not be given it again.") % item)
    return LIST


def escalate(request: AtTheDesk, item: ReviewItem) -> After:
    queue.escalate(item, request.user, request.POST.get("message", "").strip()[:2000])
    messages.success(request, _("%s was escalated to the leads.") % item)
    return LIST


def assign(request: AtTheDesk, item: ReviewItem) -> After:
    to = User.objects.filter(pk=row_number(request.POST.get("to", "")), is_active=True).first()
    queue.assign(item, to, request.user)
    messages.success(request, _("Assigned to %s.") % to if to else _("Not assigned to anybody."))
    return item


def reveal(request: AtTheDesk, item: ReviewItem) -> After:
    caring.reveal(item.scan, request.user)
    return item


def harm(request: AtTheDesk, item: ReviewItem) -> After:
    """Mark, or take the mark off."""
    queue.may_work(item, request.user)
    on, off = request.POST.get("harm", ""), request.POST.get("off", "")
    if on in Harm.values:
        caring.tag(item.scan, request.user, Harm(on))
    elif off in Harm.values:
        caring.untag(item.scan, request.user, Harm(off))
    return item


def first(request: AtTheDesk, item: ReviewItem) -> After:
    label = request.POST.get("label", "")
    if label not in Label.values:
        return item
    if queue.first_answer(item, request.user, Label(label)):
        messages.success(request, _("Thank you. Your answer was saved; nothing else is needed for this item."))
        return LIST
    return item


def note(request: AtTheDesk, item: ReviewItem) -> After:
    form = forms.Say(request.POST)
    if form.is_valid():
        written = Note.objects.create(scan=item.scan, author=request.user, text=form.cleaned_data["text"])
        written.mentions.set(forms.mentioned(written.text))
    return item


def decide(request: AtTheDesk, item: ReviewItem) -> After:
    form = forms.Decide(request.POST, scan=item.scan)
    if not form.is_valid():
        raise Unfilled(form)
    fields = form.cleaned_data
    try:
        decisions.decide(
            item,
            request.user,
            Label(fields["label"]),
            action=Action(fields["action"]),
            policy=fields["policy"],
            public_note=fields["public_note"],
        )
    except decisions.AnswerNeeded as error:
        form.add_error("public_note", _("An appeal needs a written answer. Enter it here."))
        raise Unfilled(form) from error
    except decisions.PolicyNeeded as error:
        form.add_error("policy", _("This contradicts the models. Choose the policy that applies."))
        raise Unfilled(form) from error
    return item if request.POST.get("then") == "stay" else NEXT


def same(request: AtTheDesk, item: ReviewItem) -> After:
    """What was decided of a file that looks like this one."""
    earlier = Decision.objects.standing().filter(pk=row_number(request.POST.get("decision", ""))).first()
    if earlier is None or not lookalikes.similar(item.scan, Scan.objects.filter(pk=earlier.scan_id)):
        raise Http404
    form = forms.Decide(
        {
            "label": earlier.label,
            "action": earlier.action,
            "policy": earlier.policy_id,
            "public_note": earlier.public_note,
        },
        scan=item.scan,
    )
    try:
        decisions.decide(
            item,
            request.user,
            Label(earlier.label),
            action=Action(earlier.action),
            policy=earlier.policy,
            public_note=earlier.public_note,
        )
    except (decisions.AnswerNeeded, decisions.PolicyNeeded) as error:
        messages.error(request, _("The proposed decision can't be used. Decide here."))
        raise Unfilled(form) from error
    return NEXT


def remember(request: AtTheDesk, item: ReviewItem) -> After:
    """Into the bank of known files, or its entry changed."""
    decision = (
        Decision.objects.standing().filter(pk=row_number(request.POST.get("decision", "")), scan=item.scan).first()
    )
    form = forms.Remember(request.POST)
    if decision is None:
        raise Http404
    if form.is_valid():
        decisions.remember(decision, request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
    return item


def undo(request: AtTheDesk, item: ReviewItem) -> After:
    decision = Decision.objects.filter(pk=row_number(request.POST.get("decision", "")), decider=request.user).first()
    if decision is None:
        raise Http404
    decisions.undo(decision, request.user)
    messages.success(request, _("Undone. Nobody was notified."))
    return decision.item


def answer(request: AtTheDesk, item: ReviewItem) -> After:
    decision = Decision.objects.pending().filter(scan=item.scan).first()
    verdict = request.POST.get("verdict", "")
    if decision is None:
        raise decisions.AlreadyDecided(decisions.standing(item.scan))
    if verdict not in SecondLook.Verdict.values:
        return item
    decisions.answer(decision, request.user, SecondLook.Verdict(verdict), note=request.POST.get("note", "")[:2000])
    messages.success(request, ANSWERED[SecondLook.Verdict(verdict)])
    return item


ANSWERED: Final = {
    SecondLook.Verdict.APPROVE: gettext_lazy("Approved. The decision is in force, and the uploader will be notified."),
    SecondLook.Verdict.REJECT: gettext_lazy(
        "Rejected. The item is back in the queue. The uploader will not be notified."
    ),
    SecondLook.Verdict.CANCEL: gettext_lazy(
        "Removed from the queue without a decision. The uploader will not be notified."
    ),
}
VERBS: Final[dict[str, Callable[[AtTheDesk, ReviewItem], After]]] = {
    verb.__name__: verb
    for verb in (
        claim, take_over, release, skip, opinion, escalate, assign, reveal, harm, first, note, decide, same, remember,
        undo, answer,
    )
}  # fmt: skip
