"""Give rows and columns the names that the code uses: ReviewItem, ReviewReason, DecisionNotice, KnownFile."""

import importlib

from django.db import migrations, models

PERMISSIONS = {"item": "reviewitem", "why": "reviewreason", "told": "decisionnotice", "known": "knownfile"}


def rename_permissions(apps, schema_editor, names=PERMISSIONS):
    """Django renames the content type of a renamed model, but not its permissions."""
    permission = apps.get_model("auth", "Permission")
    for old, new in names.items():
        for verb in ("add", "change", "delete", "view"):
            rows = permission.objects.filter(content_type__app_label="scans", codename=f"{verb}_{old}")
            rows.update(codename=f"{verb}_{new}")


def rename_permissions_back(apps, schema_editor):
    rename_permissions(apps, schema_editor, {new: old for old, new in PERMISSIONS.items()})


def restore_triggers(apps, schema_editor):
    """SQLite copies a table to change it, and drops the triggers of the old one."""
    append_only = importlib.import_module("scans.migrations.0012_append_only")
    append_only.unguard(apps, schema_editor)
    append_only.guard(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [
        ("scans", "0020_policies"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RenameModel("Item", "ReviewItem"),
        migrations.RenameModel("Why", "ReviewReason"),
        migrations.RenameModel("Told", "DecisionNotice"),
        migrations.RenameModel("Known", "KnownFile"),
        migrations.RenameField("ReviewItem", "heard_at", "heartbeat_at"),
        migrations.RenameField("ReviewReason", "said", "detail"),
        migrations.RemoveIndex("Scan", "scan_in_work"),
        migrations.RenameField("Scan", "heard_at", "heartbeat_at"),
        migrations.RenameField("Scan", "said", "failure_message"),
        migrations.AddIndex(
            "Scan",
            models.Index(fields=["heartbeat_at"], condition=models.Q(status="analysing"), name="scan_in_work"),
        ),
        migrations.RenameField("Live", "heard_at", "heartbeat_at"),
        migrations.AlterField(
            "DecisionNotice",
            "decision",
            models.OneToOneField(on_delete=models.deletion.CASCADE, related_name="notice", to="scans.decision"),
        ),
        migrations.AlterField(
            model_name='change',
            name='kind',
            field=models.CharField(choices=[('scan.completed', 'Analysed'), ('scan.failed', 'Failed'), ('scan.cancelled', 'Cancelled'), ('scan.review_required', 'Waits for a person'), ('outcome.changed', 'What counts has changed'), ('decision.final', 'People have decided'), ('appeal.opened', 'An appeal was made'), ('appeal.decided', 'An appeal was answered'), ('media.deleted', 'The file is gone'), ('batch.completed', 'All files of a batch are through')], max_length=20, verbose_name='kind'),
        ),
        migrations.AlterField(
            model_name='event',
            name='kind',
            field=models.CharField(choices=[('queued', 'Handed in'), ('analysing', 'Analysis began'), ('analysed', 'Analysed'), ('failed', 'Failed'), ('cancelled', 'Cancelled'), ('deleted', 'Deleted'), ('reassessed', 'Looked at again'), ('rescore_asked', 'Another look by the models was asked for'), ('stability_asked', 'A second look was asked for'), ('feedback', 'Feedback was given'), ('consent', 'Consent to training was changed'), ('report', 'A report was issued'), ('shared', 'A link was made'), ('share_ended', 'A link was taken back'), ('told', 'The uploader was told what people decided'), ('appealed', 'The uploader objected'), ('appeal_answered', 'The appeal was answered'), ('review_required', 'Put into a queue'), ('queued_for_review', 'Put into a queue by hand'), ('assigned', 'Assigned'), ('skipped', 'Let pass'), ('taken_over', 'Taken over by a lead'), ('decided', 'Decided'), ('held', 'Decided, and held for a second person'), ('second_approve', 'Approved by a second person'), ('second_reject', 'Turned down by a second person'), ('second_cancel', 'Taken away by a second person'), ('opinion_asked', 'A second opinion was asked for'), ('escalated', 'Handed to the leads'), ('tagged', 'Marked as hard to look at'), ('agreed', 'A second person, asked apart, saw the same'), ('differed', 'A second person, asked apart, saw something else'), ('remembered', 'Put into the bank of known files'), ('bank_changed', 'Its entry in the bank of known files was changed'), ('viewed', 'The file was opened by somebody at the desk'), ('undone', 'Decision taken back'), ('reopened', 'Opened again')], max_length=30, verbose_name='what happened'),
        ),
        migrations.RunPython(rename_permissions, rename_permissions_back),
        migrations.RunPython(restore_triggers, restore_triggers),
    ]
