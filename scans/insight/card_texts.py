"""The texts of models' cards in the reader's language.

A card is a file in English, which programs read too. The texts of the cards and evaluations that are shipped have a
translation here; those of other models are shown as they are.
"""

import re
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, gettext_lazy
from django.utils.translation import gettext_noop as _

FAKES: Final[dict[str, str | Promise]] = {
    "all": gettext_lazy("all kinds"),
    "self_blend": gettext_lazy("face blended with itself"),
    "cross_identity": gettext_lazy("face of another person"),
    "rebuilt_swap": gettext_lazy("swapped face, redrawn"),
    "decoded_swap": gettext_lazy("swapped face, drawn by a network"),
    "autoencoder_swap": gettext_lazy("swapped face, drawn by an autoencoder"),
    "mesh_swap": gettext_lazy("swapped face, fitted by a mesh"),
    "reenactment": gettext_lazy("face with the expression of another person"),
    "decoded": gettext_lazy("picture drawn by a network"),
    "whole_rebuilt": gettext_lazy("whole picture redrawn"),
    "generated": gettext_lazy("generated face"),
    "given": gettext_lazy("manipulated pictures from others"),
    "reconstructed": gettext_lazy("picture redrawn by an autoencoder"),
    "face_reconstructed": gettext_lazy("face redrawn by an autoencoder"),
    "mouth_reconstructed": gettext_lazy("mouth redrawn by an autoencoder"),
    "mouth_redone": gettext_lazy("mouth redrawn"),
    "painted_over": gettext_lazy("part painted over"),
    "plastic": gettext_lazy("face without texture"),
    "expression_bent": gettext_lazy("expression changed"),
    "smoother": gettext_lazy("smoother face"),
    "rougher": gettext_lazy("rougher face"),
    "mixed": gettext_lazy("several kinds"),
}
PURPOSES: Final[dict[str, str | Promise]] = {
    "image-blend": gettext_lazy("Looks for faces that were blended in, swapped or re-enacted, in photos and videos."),
    "face-swap": gettext_lazy("Looks for faces that were swapped or re-enacted in the way common tools do it."),
    "residual": gettext_lazy("Looks for traces of generators in the fine noise of pictures with large faces."),
    "synthesis": gettext_lazy("Looks for faces generated as a whole by the generators it was trained on."),
    "video-swap": gettext_lazy("Looks for swapped faces in a video, over several frames."),
}
OWN: Final = re.compile(r"own (?P<medium>fakes|fake films), new people: (?P<kind>\w+)")
OWN_SETS: Final[dict[str, str | Promise]] = {
    "fakes": gettext_lazy("own manipulated photos of people not trained on"),
    "fake films": gettext_lazy("own manipulated videos of people not trained on"),
}
# Names of test sets, and what stands in brackets behind them.
SETS: Final = (
    _("31 real videos: talking heads, sign language"),
    _("face clips of 112 px"),
    _("face-swap and re-enactment films"),
    _("photos with GAN-replaced faces"),
    _("photos with faces replaced by a GAN"),
    _("portraits by Stable Diffusion 3, a generator that was not trained on, and real photos"),
    _("portraits by Stable Diffusion 3, which was not trained on"),
    _("portraits by the five generators that were trained on, and real photos"),
    _("real videos: talking heads, sign language"),
    _("whole portraits by diffusion"),
    _("16 of them among what two networks and the panel's own films were made of; used to choose the cut for films"),
    _("FLUX with a style adapter, which was not trained on; used to compare networks"),
    _("FLUX.1, SDXL, DALL-E 3, StyleGAN2, Stable Diffusion 1.4; other pictures and people; used to fit the panel"),
    _("FLUX; used to choose the combination and the cut for photos"),
    _("FaceForensics++, c23; used to choose the combination and the cut for films"),
    _("OpenForensics, 256 px; used to choose the combination and the cut for photos"),
    _("OpenForensics, 256 px; looked at while it was designed"),
    _("OpenForensics, 256 px; looked at while the training was designed"),
    _("own files; used to compare networks and to choose the combination for photos"),
    _("the 15 of 31 that were not trained on"),
    _("the 15 of 31 that were not trained on; looked at while it was designed"),
    _("used to compare networks"),
)
SUMMARIES: Final = (
    _(
        "3264 crops of real faces of about 2775 people (collections: 7), and fakes made of them on the fly. No "
        "deepfake made by anybody else was used."
    ),
    _(
        "3349 crops of real faces of about 2789 people, from 8 collections, and fakes made of them on the fly. No"
        " deepfake made by anybody else was used."
    ),
    _(
        "3264 crops of real faces of about 2775 people, from 7 collections under free licences, and fakes made of"
        " them on the fly. No deepfake made by anybody else was used."
    ),
    _(
        "3264 crops of real faces of about 2775 people (collections: 7), fakes made of them on the fly, and 1691 "
        "crops of fakes that others made (Stable Diffusion 1.4, StyleGAN2, text to image (FLUX.1, SDXL, DALL-E "
        "3))."
    ),
)
FAILURES: Final = (
    _(
        "Real portraits with large faces are often taken for fakes (AUC 0.29 on whole portraits by diffusion): "
        "the panel does not use it for faces of 200 pixels and more in photos."
    ),
    _(
        "Re-enacted faces in films are often missed: alone it has an AUC of 0.70 on Face2Face films made by "
        "others, 0.85 on FaceSwap, 0.91 on Deepfakes."
    ),
    _("Fakes that are rougher than their surroundings are hardly seen."),
    _("Whole generated faces are not its task."),
    _(
        "Photos with faces replaced by a GAN are told from real photos of the same set no better than by chance "
        "(see the figures; the interval includes 0.5)."
    ),
    _(
        "Whole pictures made by a generator are told from real ones little better than by chance (see the "
        "figures): it is a network for blends, swaps and re-enactment."
    ),
    _(
        "Re-enacted faces in films are often missed: alone it has an AUC of 0.72 on Face2Face and 0.74 on "
        "FaceSwap films made by others, 0.96 on Deepfakes."
    ),
    _(
        "It saw 85 frames of 14 short real films of few people. Fifteen of the real films it was measured on are "
        "of the same two collections, in part of the same people."
    ),
    _(
        "The first of its two trainings ran with an earlier form of the code, which made the masks of where a "
        "fake is fake smaller in another way; its samples were the same."
    ),
    _(
        "Photos with faces replaced by a GAN get lower scores than real photos of the same set (AUC 0.22): it "
        "must not be asked about those. Those faces lack quiet detail and keep their edges; it may take smooth "
        "for real, as it was shown softened real faces (EXPERIMENTS.md, 33)."
    ),
    _(
        "In the diffusion set the fakes are softer and smaller files: sharpness alone tells them with AUC 0.76, "
        "file size with 0.91. Among pairs of equal sharpness the network's first version reached 0.89 (270 "
        "pairs), of equal size 0.87 (568 pairs)."
    ),
    _(
        "One generator and few people in the set it does well on: other generators were not measured. That set "
        "was looked at when it was chosen how long to train, so its figure is not one on unseen data."
    ),
    _(
        "Generators that it was not trained on are often missed (Stable Diffusion 3: AUC 0.78, FLUX with a style "
        "adapter: 0.86)."
    ),
    _("It ranks faces that a GAN replaced below real ones (AUC 0.28)."),
    _("It was never measured on face-swap or re-enactment films made by others: none were at hand."),
    _(
        "It saw 16 short real films of few people beside moved stills. The 15 others it was measured on are of "
        "the same two collections, in part of the same people."
    ),
    _(
        "On pseudo-films it is hardly better than the mean of its frames' scores (0.925 against 0.921 on 300 fake"
        " and 300 real ones of new people)."
    ),
    _(
        "The best epoch of its training was chosen on films of the people of whom its own fake films here are "
        "made, and of the 16 real films: those figures are a little too good."
    ),
)


def purpose(name: str, kind: str) -> str:
    """What a model looks for, in one sentence; of one that is not shipped only whether it sees pictures or videos."""
    if name in PURPOSES:
        return str(PURPOSES[name])
    return (
        gettext("Compares the frames of a video.")
        if kind == "video"
        else gettext("Checks photos, and single frames of videos.")
    )


def kind_of_fake(name: str) -> str:
    """A kind of manipulation in words; that of another's model as its card has it."""
    return str(FAKES.get(name) or name.replace("_", " "))


def translate(text: str) -> tuple[str, bool]:
    """The text for this reader, and whether it is in English for want of a translation."""
    language = get_language() or "en"
    translated = gettext(text) if text else ""
    return translated, bool(text) and translated == text and not language.startswith("en")


def name_and_note(test_set: str) -> tuple[str, str]:
    """The name of a test set, and how far the models knew its files; both in English."""
    name, _bracket, note = test_set.partition(" (")
    return name, note.removesuffix(")")
