"""What the desk begins with."""

from typing import Any

from django.db import migrations


def ship(apps: Any, schema_editor: Any) -> None:
    """The queues and rules that a new site begins with; all of them can be changed at the desk."""
    queue, rule = apps.get_model("scans", "ReviewQueue"), apps.get_model("scans", "Rule")
    group = apps.get_model("auth", "Group")
    review = queue.objects.create(name="Review", slug="review", hours=24, order=1)
    leads = queue.objects.create(name="Leads", slug="leads", hours=48, order=2)
    queue.objects.create(name="Appeals", slug="appeals", hours=72, order=3)
    leads.roles.set(group.objects.get_or_create(name=name)[0] for name in ("lead", "admin"))
    for name, reason, outcomes, share, priority, where in (
        ("Signs of manipulation", "outcome", ["likely_manipulated"], 1.0, 70, review),
        ("Inconclusive", "outcome", ["inconclusive"], 1.0, 50, review),
        ("The uploader says it is wrong", "feedback", [], 1.0, 60, review),
        ("Looks like a file that was decided to be manipulated", "lookalike", [], 1.0, 60, review),
        ("Random audit", "audit", ["little_evidence", "not_applicable", "unable_to_evaluate"], 0.02, 20, review),
    ):
        rule.objects.create(
            name=name, reason=reason, outcomes=outcomes, share=share, priority=priority, queue=where, active=True
        )


class Migration(migrations.Migration):
    dependencies = (("scans", "0004_review"), ("accounts", "0002_roles"))
    operations = (migrations.RunPython(ship, migrations.RunPython.noop),)
