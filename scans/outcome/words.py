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


FIND_ORIGINAL = _("Look for the original or an earlier copy: where, when and by whom was it published first?")
ASK_SENDER = _("Ask whoever sent it for the unedited file, straight from the camera.")
SECOND_PERSON = _("Let somebody with experience look at it before anything depends on it.")

MEANINGS: dict[Outcome, Meaning] = {
    Outcome.LIKELY_MANIPULATED: Meaning(
        _(
            "At least one face shows traces like those that face swaps, re-enactment or generated pictures leave."
            " Among unmanipulated files few get a score this high."
        ),
        _(
            "It is not proof. It does not say who made the picture, why, or what was changed; strong filters,"
            " retouching and heavy compression can look alike."
        ),
        (FIND_ORIGINAL, ASK_SENDER, SECOND_PERSON),
    ),
    Outcome.INCONCLUSIVE: Meaning(
        _("The models see something, but not enough, or they contradict each other. Either answer is possible."),
        _("It does not mean half manipulated, and it is no suspicion against anybody."),
        (ASK_SENDER, FIND_ORIGINAL, SECOND_PERSON),
    ),
    Outcome.LITTLE_EVIDENCE: Meaning(
        _("In the faces that could be judged, the models found few of the traces that they know."),
        _(
            "It does not mean that the picture is authentic. Kinds of manipulation that the models were never shown,"
            " and everything that is not a face (voice, text, background, context), went unseen."
        ),
        (
            _("Check the context as well: a real picture can be shown with a false story."),
            FIND_ORIGINAL,
        ),
    ),
    Outcome.NOT_APPLICABLE: Meaning(
        _("The models judge faces, and here was none that they could judge."),
        _("It says nothing about whether the picture was manipulated."),
        (_("Send a version in which a face is larger, sharper and seen from the front."), FIND_ORIGINAL),
    ),
    Outcome.UNABLE_TO_EVALUATE: Meaning(
        _("Something needed for an answer was missing, so no model has given one."),
        _("It says nothing about whether the picture was manipulated."),
        (_("Try again later, or with another version of the file."), FIND_ORIGINAL),
    ),
}

# What each of people's labels claims, for those who read it and for those who choose one.
LABELS: dict[Label, Promise] = {
    Label.MANIPULATED: _("The picture or film itself was altered or generated."),
    Label.NOT_MANIPULATED: _("No sign that the picture or film was altered or generated."),
    Label.INCONCLUSIVE: _("People looked at it and could not tell either."),
    Label.PERMITTED: _("It was altered or generated, and that is allowed: satire, art, or labelled as such."),
    Label.MISLEADING: _("The picture or film itself was not altered, but what is said about it misleads."),
}

REASONS = {
    "no_face": _("No face was found."),
    "face_too_small": _("A face is too small: too few pixels to tell anything from."),
    "face_blurred": _("A face is too blurred to be judged."),
    "face_too_dark": _("A face is too dark to be judged."),
    "face_too_bright": _("A face is too bright to be judged."),
    "face_in_profile": _(
        "A face is turned away so far that the models, which know faces from the front, can't judge it."
    ),
    "face_cut_off": _("A face is cut off at the edge of the picture."),
    "face_uncertain": _("Something may or may not be a face."),
    "too_few_frames": _("There are too few frames for a model that looks at the course of time."),
    "frames_unreadable": _("No frame of the video could be read."),
    "no_bundle": _("No model is installed on this site."),
    "bundle_failed": _("A model could not be run. The others were heard without it."),
    "bundles_disagree": _("The models contradict each other clearly."),
    "uncalibrated": _("The deciding model is not calibrated, so its score is not a probability."),
    "out_of_distribution": _("This face is unlike those that the model was trained on; its score means little here."),
    "score_high": _("The score of the most suspicious face lies above the upper cut-off."),
    "score_between": _("The score of the most suspicious face lies between the two cut-offs."),
    "score_low": _("The score of the most suspicious face lies below the lower cut-off."),
    "credentials_say_generated": _(
        "The file's Content Credentials say that it was made, or partly made, by a generative tool."
    ),
    "credentials_invalid": _(
        "The file carries Content Credentials that do not fit its content: it was changed after signing."
    ),
    "unstable": _(
        "Harmless changes, such as saving it again, move the score a lot. So the answer is capped at inconclusive."
    ),
}

NEXT = {
    "no_face": _("If there is a face, send a version in which it is larger."),
    "face_too_small": _("Send the largest version you can get; screenshots and thumbnails are too small."),
    "face_blurred": _("Send a sharper version, or another moment of the video."),
    "face_too_dark": _("Send a brighter version, or another moment of the video."),
    "no_bundle": _("Ask whoever runs this site to install a model."),
    "frames_unreadable": _("Save the video as MP4 and send it again."),
    "credentials_say_generated": _("Read the Content Credentials below: they name the tool."),
    "unstable": _("Judge the best version you can get: each re-save takes traces away."),
}

# What to do about a file that was not taken in, by the code of its refusal.
ADVICE = {
    "empty": _("Save or download it again."),
    "unknown_format": _("Save it as JPEG, PNG or MP4 and upload that."),
    "too_many_bytes": _("Cut the video shorter or save it smaller."),
    "quota": _("Files in the trash count until they are deleted for good."),
    "bad_archive": _("Upload the files themselves."),
    "batch_full": _("Upload the others as another batch."),
    "too_many_files": _("Split it into several archives."),
    "unsafe_path": _("Pack the files again, or upload them themselves."),
    "nested_archive": _("Upload the files themselves."),
    "locked_archive": _("Unpack it and upload the files themselves."),
    "archive_bomb": _("Upload the files themselves."),
    "no_space": _("Try again later, or tell whoever runs this site."),
    "url_refused": _("Download the file and upload it."),
    "url_failed": _("Check the address, or download the file and upload it."),
    "url_busy": _("Try again in a minute."),
}


def advice(code: str) -> str:
    return str(ADVICE.get(code, ""))
