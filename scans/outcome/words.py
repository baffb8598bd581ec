"""What a verdict means to somebody who has never heard of a model: by outcome, by reason, and by people's label.

The words for an outcome itself are the labels of `Outcome`, those for what people decide the labels of `Label`.

A test holds that every combination has a text, and that every text ends with its limits and with what to do next.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..models import Label, Outcome


@dataclass(frozen=True, slots=True)
class Meaning:
    means: Promise
    means_not: Promise
    next_steps: tuple[Promise, ...]


def meaning_of(outcome: str, codes: Iterable[str] = ()) -> Meaning:
    """The text for the outcome. The next steps for the reasons come before its own."""
    own = MEANINGS[Outcome(outcome)]
    steps = [NEXT[code] for code in codes if code in NEXT]
    return replace(own, next_steps=tuple(dict.fromkeys([*steps, *own.next_steps])))


def outcome_words(outcome: str) -> str:
    return str(Outcome(outcome).label) if outcome else ""


def label_means(label: str) -> str:
    return str(LABELS[Label(label)])


def sentence(reason: dict[str, Any]) -> str:
    """A reason in words. Codes without a text, from newer versions, are shown as they are."""
    text = REASONS.get(reason["code"])
    return str(text) if text else gettext("Reason: %(code)s") % {"code": reason["code"]}


FIND_ORIGINAL = _("Look for the original or an earlier copy. Who published it first, where and when?")
ASK_SENDER = _("Ask the sender for the original, unedited file.")
SECOND_PERSON = _("Ask an experienced person to look at it before you act on the result.")

MEANINGS: dict[Outcome, Meaning] = {
    Outcome.LIKELY_MANIPULATED: Meaning(
        _(
            "At least one face shows traces that are typical of face swaps, re-enactment or generated images. Few"
            " unmanipulated files get such a high score."
        ),
        _(
            "It is not proof. It does not show who made the picture, why, or what was changed. Strong filters, "
            "retouching and heavy compression can look similar."
        ),
        (FIND_ORIGINAL, ASK_SENDER, SECOND_PERSON),
    ),
    Outcome.INCONCLUSIVE: Meaning(
        _(
            "The models found some traces, but not enough, or they contradict each other. The file may or may not"
            " be manipulated."
        ),
        _("It does not mean that the file is partly manipulated, and it is no reason to suspect anybody."),
        (ASK_SENDER, FIND_ORIGINAL, SECOND_PERSON),
    ),
    Outcome.LITTLE_EVIDENCE: Meaning(
        _("The models found few traces of manipulation in the faces that they could assess."),
        _(
            "It does not mean that the picture is authentic. The models do not check anything but faces (no "
            "voices, texts, backgrounds or context), and they can miss kinds of manipulation that they were not "
            "trained on."
        ),
        (
            _("Check the context as well: a real picture can be shown with a false story."),
            FIND_ORIGINAL,
        ),
    ),
    Outcome.NOT_APPLICABLE: Meaning(
        _("The models assess faces, but found no face that they could assess."),
        _("It says nothing about whether the picture was manipulated."),
        (_("Upload a version in which a face is larger, sharper and seen from the front."), FIND_ORIGINAL),
    ),
    Outcome.UNABLE_TO_EVALUATE: Meaning(
        _("The analysis could not be completed, so there is no result."),
        _("It says nothing about whether the picture was manipulated."),
        (_("Try again later, or with another version of the file."), FIND_ORIGINAL),
    ),
}

# What each of people's labels claims, for those who read it and for those who choose one.
LABELS: dict[Label, Promise] = {
    Label.MANIPULATED: _("The picture or video was altered or generated."),
    Label.NOT_MANIPULATED: _("There is no sign that the picture or video was altered or generated."),
    Label.INCONCLUSIVE: _("The reviewer could not tell whether it is manipulated."),
    Label.PERMITTED: _(
        "The picture or video was altered or generated, which is allowed here: as satire, as art, or because "
        "it is labelled."
    ),
    Label.MISLEADING: _("The picture or video itself was not altered, but it is shown in a misleading context."),
}

REASONS = {
    "no_face": _("No face was found."),
    "face_too_small": _("A face is too small to be assessed."),
    "face_blurred": _("A face is too blurred to be assessed."),
    "face_too_dark": _("A face is too dark to be assessed."),
    "face_too_bright": _("A face is too bright to be assessed."),
    "face_in_profile": _("A face is turned away too far to be assessed."),
    "face_cut_off": _("A face is cut off at the edge of the picture."),
    "face_uncertain": _("It is not certain that this is a face."),
    "too_few_frames": _("The video has too few frames for the model that compares frames over time."),
    "frames_unreadable": _("No frame of the video could be read."),
    "no_bundle": _("No model is installed on this site."),
    "bundle_failed": _("One model could not be run. The result is based on the others."),
    "bundles_disagree": _("The models contradict each other clearly."),
    "uncalibrated": _("The deciding model is not calibrated, so its score is not a probability."),
    "out_of_distribution": _("This face differs from those that the model was trained on, so its score means little."),
    "score_high": _("The highest score of a face is above the upper cut-off."),
    "score_between": _("The highest score of a face is between the two cut-offs."),
    "score_low": _("The highest score of a face is below the lower cut-off."),
    "credentials_say_generated": _(
        "The file's Content Credentials say that it was made, or partly made, by a generative tool."
    ),
    "credentials_invalid": _(
        "The file has Content Credentials that do not match its content. It was changed after signing."
    ),
    "unstable": _(
        "Harmless changes, such as saving the file again, change the score a lot. That is why the outcome is "
        "inconclusive."
    ),
}

NEXT = {
    "no_face": _("If there is a face, upload a version in which it is larger."),
    "face_too_small": _("Upload the largest version that you can get. Screenshots and thumbnails are too small."),
    "face_blurred": _("Upload a sharper version, or another part of the video."),
    "face_too_dark": _("Upload a brighter version, or another part of the video."),
    "no_bundle": _("Ask the operator of this site to install a model."),
    "frames_unreadable": _("Save the video as MP4, and upload it again."),
    "credentials_say_generated": _("See the Content Credentials below: they name the tool."),
    "unstable": _("Upload the best version that you can get. Each time a file is saved again, traces are lost."),
}

# What to do about a file that was not taken in, by the code of its refusal.
ADVICE = {
    "empty": _("Save or download it again."),
    "unknown_format": _("Save it as JPEG, PNG or MP4, and upload it again."),
    "too_many_bytes": _("Shorten the video, or save it with a smaller size."),
    "quota": _("Files in the trash count until they are permanently deleted."),
    "bad_archive": _("Upload the files themselves."),
    "batch_full": _("Upload the other files as another batch."),
    "too_many_files": _("Split it into several archives."),
    "unsafe_path": _("Create the archive again, or upload the files themselves."),
    "nested_archive": _("Upload the files themselves."),
    "locked_archive": _("Unpack it, and upload the files themselves."),
    "archive_bomb": _("Upload the files themselves."),
    "no_space": _("Try again later, or contact the operator of this site."),
    "malware": _("Do not open this file. Tell whoever sent it to you."),
    "scanner_away": _("Try again later, or contact the operator of this site."),
    "url_refused": _("Download the file and upload it here."),
    "url_failed": _("Check the address, or download the file and upload it."),
    "url_busy": _("Try again in a minute."),
}


def advice(code: str) -> str:
    return str(ADVICE.get(code, ""))
