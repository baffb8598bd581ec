"""What an outcome means to somebody who has never heard of a model: by outcome, and by each of its reasons.

A test holds that every combination has a text, and that every text ends with its limits and with what to do next.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from .models import Outcome


@dataclass(frozen=True, slots=True)
class Meaning:
    headline: Promise
    means: Promise
    means_not: Promise
    next_steps: tuple[Promise, ...]


def meaning_of(outcome: str, codes: Iterable[str] = ()) -> Meaning:
    """The outcome's own text; some reasons know better what to do next."""
    own = MEANINGS[Outcome(outcome)]
    steps = [NEXT[code] for code in codes if code in NEXT]
    return replace(own, next_steps=tuple(dict.fromkeys([*steps, *own.next_steps])))


def sentence(reason: dict[str, Any]) -> str:
    """A reason in words; one that a newer version knows and this one doesn't is shown by its code."""
    said = REASONS.get(reason["code"])
    return str(said) if said else _("Reason: %(code)s") % {"code": reason["code"]}


FIND_ORIGINAL = _l("Look for the original or an earlier copy: where, when and by whom was it published first?")
ASK_SENDER = _l("Ask whoever sent it for the unedited file, straight from the camera.")
SECOND_PERSON = _l("Let somebody with experience look at it before anything depends on it.")

MEANINGS: dict[Outcome, Meaning] = {
    Outcome.LIKELY_MANIPULATED: Meaning(
        _l("Signs of manipulation"),
        _l(
            "At least one face shows traces like those that face swaps, re-enactment or generated pictures leave."
            " Among unmanipulated files few get a score this high."
        ),
        _l(
            "It is not proof. It does not say who made the picture, why, or what was changed; strong filters,"
            " retouching and heavy compression can look alike."
        ),
        (FIND_ORIGINAL, ASK_SENDER, SECOND_PERSON),
    ),
    Outcome.INCONCLUSIVE: Meaning(
        _l("Can't be told"),
        _l("The models see something, but not enough, or they contradict each other. Either answer is possible."),
        _l("It does not mean half manipulated, and it is no suspicion against anybody."),
        (ASK_SENDER, FIND_ORIGINAL, SECOND_PERSON),
    ),
    Outcome.LITTLE_EVIDENCE: Meaning(
        _l("Little evidence of manipulation"),
        _l("In the faces that could be judged, the models found few of the traces that they know."),
        _l(
            "It does not mean that the picture is authentic. Kinds of manipulation that the models were never shown,"
            " and everything that is not a face (voice, text, background, context), went unseen."
        ),
        (
            _l("Check the context as well: a real picture can be shown with a false story."),
            FIND_ORIGINAL,
        ),
    ),
    Outcome.NOT_APPLICABLE: Meaning(
        _l("Not something that can be judged here"),
        _l("The models judge faces, and here was none that they could judge."),
        _l("It says nothing about whether the picture was manipulated."),
        (_l("Send a version in which a face is larger, sharper and seen from the front."), FIND_ORIGINAL),
    ),
    Outcome.UNABLE_TO_EVALUATE: Meaning(
        _l("Could not be evaluated"),
        _l("Something needed for an answer was missing, so no model has given one."),
        _l("It says nothing about whether the picture was manipulated."),
        (_l("Try again later, or with another version of the file."), FIND_ORIGINAL),
    ),
}

REASONS = {
    "no_face": _l("No face was found."),
    "face_too_small": _l("A face is too small: too few pixels to tell anything from."),
    "face_blurred": _l("A face is too blurred to be judged."),
    "face_too_dark": _l("A face is too dark to be judged."),
    "face_too_bright": _l("A face is too bright to be judged."),
    "face_in_profile": _l(
        "A face is turned away so far that the models, which know faces from the front, can't judge it."
    ),
    "face_cut_off": _l("A face is cut off at the edge of the picture."),
    "face_uncertain": _l("Something may or may not be a face."),
    "too_few_frames": _l("There are too few frames for a model that looks at the course of time."),
    "frames_unreadable": _l("No frame of the video could be read."),
    "no_bundle": _l("No model is installed on this site."),
    "bundle_failed": _l("A model could not be run. The others were heard without it."),
    "bundles_disagree": _l("The models contradict each other clearly."),
    "uncalibrated": _l("The deciding model is not calibrated, so its number is not shown as a probability."),
    "out_of_distribution": _l("This face is unlike those that the model was trained on; its score means little here."),
    "score_high": _l("The score of the most suspicious face lies above the upper cut-off."),
    "score_between": _l("The score of the most suspicious face lies between the two cut-offs."),
    "score_low": _l("The score of the most suspicious face lies below the lower cut-off."),
    "credentials_say_generated": _l(
        "The file's Content Credentials say that it was made, or partly made, by a generative tool."
    ),
    "credentials_invalid": _l(
        "The file carries Content Credentials that do not fit its content: it was changed after signing."
    ),
    "unstable": _l(
        "Harmless changes, such as saving it again, move the score a lot. So the answer is capped at inconclusive."
    ),
}

NEXT = {
    "no_face": _l("If there is a face, send a version in which it is larger."),
    "face_too_small": _l("Send the largest version you can get; screenshots and thumbnails are too small."),
    "face_blurred": _l("Send a sharper version, or another moment of the video."),
    "face_too_dark": _l("Send a brighter version, or another moment of the video."),
    "no_bundle": _l("Ask whoever runs this site to install a model."),
    "frames_unreadable": _l("Save the video as MP4 and send it again."),
    "credentials_say_generated": _l("Read the Content Credentials below: they name the tool."),
    "unstable": _l("Judge the best version you can get: each re-save takes traces away."),
}
