"""Tags and cases."""

from rest_framework import serializers

from ...models import CaseLink
from .fields import Resource, flag, kind_of, moment, one_id, some_moment, text, whole

EXAMPLE_SCAN = "7f1d8a52-6a0e-4a7c-9f0b-3f6f6d0c2b11"


class TagOf(Resource):
    """A word that you put on scans of yours."""

    object = kind_of("tag")
    name = text("The tag.")
    scans = whole("Number of scans with this tag.", source="count")


class CaseOf(Resource):
    """Several scans of one story, with notes."""

    id = one_id("ID of the case.", source="pk")
    object = kind_of("case")
    title = text("Title.")
    notes = serializers.CharField(help_text="Notes.")
    sandbox = flag("Created with a test key: contains test scans only.")
    scans = whole("Number of scans in it, without those in the trash.", source="count")
    created_at = moment("When it was created.")
    changed_at = moment("When it was last changed.")


class CaseLinkOf(Resource):
    """A link to the results of a case, without names of files or people."""

    id = whole("ID of the link.", source="pk")
    object = kind_of("case_link")
    case = one_id("ID of the case.", source="case_id")
    url = text("URL of the page. Anyone who has it can open the page.")
    with_picture = flag("Whether the page shows the pictures.")
    with_notes = flag("Whether the page shows the notes.")
    created_at = moment("When it was created.")
    expires_at = moment("When it expires.")
    revoked_at = some_moment("When it was revoked.")
    views = whole("How often it was opened by others.")

    def get_url(self, link: CaseLink) -> str:
        return str(self.context["address_of"](link))
