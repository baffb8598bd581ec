"""The profile: who I am, my keys, everything held about me, and leaving."""

import contextlib
import tempfile
import uuid

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from .. import keys, personal, roles, rules
from ..models import ApiKey, User
from . import forms


class SignedIn(HttpRequest):
    """What a view behind the gate gets."""

    user: User


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: SignedIn) -> HttpResponse:
    form = forms.Profile(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        with translation.override(request.user.language or translation.get_language()):
            messages.success(request, _("Saved."))
        return redirect("profile:profile")
    return render(request, "accounts/profile.html", {"form": form, "roles": _my_roles(request)})


def _my_roles(request: SignedIn) -> list[str]:
    return [str(role.label) for role in roles.Role if role in roles.roles_of(request.user)]


@require_safe
@never_cache
def key_list(request: SignedIn) -> HttpResponse:
    return _keys_page(request, _new_key_form(request))


@require_POST
@never_cache
@reauthentication_required
def key_new(request: SignedIn) -> HttpResponse:
    form = _new_key_form(request)
    if form.is_valid():
        fields = form.cleaned_data
        try:
            key, secret = keys.issue(
                request.user,
                name=fields["name"],
                scopes=fields["scopes"],
                test=fields["test"],
                expires_at=form.expires_at(),
            )
        except ValidationError as refused:
            form.add_error(None, refused)
        else:
            return _keys_page(request, _new_key_form(request, empty=True), new_key=(key, secret))
    return _keys_page(request, form, status=422)


@require_POST
@never_cache
@reauthentication_required
def key_rotate(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    key = get_object_or_404(ApiKey, pk=pk, user=request.user)
    try:
        new_key = keys.rotate(key)
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
        return redirect("profile:keys")
    return _keys_page(request, _new_key_form(request, empty=True), new_key=new_key)


@require_POST
def key_revoke(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    key = get_object_or_404(ApiKey, pk=pk, user=request.user)
    if keys.revoke(key):
        messages.success(request, _("The key was revoked."))
    return redirect("profile:keys")


def _new_key_form(request: SignedIn, *, empty: bool = False) -> forms.NewKey:
    data = None if empty or request.method != "POST" else request.POST
    return forms.NewKey(data, scopes=roles.scopes_for(request.user))


def _keys_page(
    request: SignedIn, form: forms.NewKey, *, new_key: tuple[ApiKey, str] | None = None, status: int = 200
) -> HttpResponse:
    at_the_desk = bool(roles.roles_of(request.user) & roles.DESK)
    context = {
        "form": form,
        "keys": [
            (key, [roles.SCOPE_WORDS.get(scope, scope) for scope in key.scopes]) for key in request.user.api_keys.all()
        ],
        "shown": new_key,
        "now": timezone.now(),
        "second_factor_missing": at_the_desk and request.user.second_factor_missing,
    }
    return render(request, "accounts/keys.html", context, status=status)


@require_safe
def privacy(request: SignedIn) -> HttpResponse:
    """Everything held about me: take it along, or have it erased."""
    return _privacy_page(request, forms.Confirm())


def _privacy_page(request: SignedIn, form: forms.Confirm, *, status: int = 200) -> HttpResponse:
    erasure = personal.open_erasure(request.user)
    context = {"erasure": erasure, "form": form, "grace_days": settings.ERASURE_GRACE_DAYS}
    return render(request, "accounts/privacy.html", context, status=status)


@require_POST
@never_cache
@reauthentication_required
def export(request: SignedIn) -> FileResponse:
    name = f"my-data-{timezone.localdate():%Y-%m-%d}.zip"
    with contextlib.ExitStack() as until_handed_over:
        file = until_handed_over.enter_context(tempfile.TemporaryFile())
        personal.write_export(request.user, file)
        file.seek(0)
        until_handed_over.pop_all()  # from here on the response closes it
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


@require_POST
@reauthentication_required
def erase(request: SignedIn) -> HttpResponse:
    form = forms.Confirm(request.POST)
    if not form.is_valid():
        return _privacy_page(request, form, status=422)
    personal.ask_for_erasure(request.user)
    messages.success(
        request, _("Your account will be deleted. We have sent you an email with the date and how to cancel.")
    )
    return redirect("profile:privacy")


@require_POST
def keep(request: SignedIn) -> HttpResponse:
    if personal.withdraw_erasure(request.user):
        messages.success(request, _("Your account will not be deleted."))
    return redirect("profile:privacy")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def rules_of_use(request: HttpRequest) -> HttpResponse:
    """Open to everyone; whoever hands something in accepts them once, and again when they change."""
    user = request.user
    if request.method == "POST":
        if not isinstance(user, User):
            return redirect_to_login(request.get_full_path())
        rules.accept(user)
        wish = request.POST.get("next", "")
        safe = url_has_allowed_host_and_scheme(wish, {request.get_host()}, request.is_secure())
        return redirect(wish if safe else "scans:new")
    context = {
        "version": rules.VERSION,
        "asks": isinstance(user, User) and not rules.accepted(user),
        "next": request.GET.get("next", ""),
    }
    return render(request, "accounts/rules.html", context)
