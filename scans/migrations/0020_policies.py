"""Policies and canned replies that a new site can decide by on its first day, in both languages."""

from typing import Any

from django.db import migrations, models

POLICIES = (
    {
        "code": "synthetic-media",
        "title": "Synthetic or altered media",
        "title_de": "Erzeugte oder veränderte Medien",
        "text": (
            "Covers pictures, films and voices in which a person's face, body, voice or words were generated or"
            " changed so that viewers can take them for real.\n\n"
            "Decide “manipulated” if you can name what shows it: the original file, the maker's own words, Content"
            " Credentials, or traces that hold up on a second look. A score alone is not enough. Retouching, filters,"
            " cropping and compression are not covered.\n\n"
            "Usual action: label. Restrict or remove only if another policy applies too."
        ),
        "text_de": (
            "Gilt für Bilder, Filme und Stimmen, in denen Gesicht, Körper, Stimme oder Worte einer Person so erzeugt"
            " oder verändert wurden, dass man sie für echt halten kann.\n\n"
            "Entscheiden Sie auf „manipuliert“, wenn Sie nennen können, woran es sich zeigt: an der Originaldatei, an"
            " einer Aussage des Urhebers, an Content Credentials oder an Spuren, die einem zweiten Blick standhalten."
            " Ein Score allein genügt nicht. Retusche, Filter, Zuschnitt und Kompression fallen nicht darunter.\n\n"
            "Übliche Maßnahme: kennzeichnen. Einschränken oder entfernen nur, wenn zusätzlich eine andere Richtlinie"
            " zutrifft."
        ),
        "two_people": False,
    },
    {
        "code": "satire-and-art",
        "title": "Satire and labelled art",
        "title_de": "Satire und gekennzeichnete Kunst",
        "text": (
            "Altered media may stay if viewers can tell at once that it is satire, art, a film effect or teaching"
            " material: because the file says so, or because nobody would reasonably take it for real.\n\n"
            "A label that is hidden, or that is lost when the file is shared, does not count. Intimate imagery and"
            " fraud are never covered by this policy.\n\n"
            "Usual action: keep. Label it if the context could get lost."
        ),
        "text_de": (
            "Veränderte Medien dürfen bleiben, wenn sofort erkennbar ist, dass es sich um Satire, Kunst, einen"
            " Filmeffekt oder Lehrmaterial handelt: weil die Datei es selbst sagt oder weil niemand sie"
            " vernünftigerweise für echt hält.\n\n"
            "Ein versteckter Hinweis, oder einer, der beim Weitergeben verloren geht, genügt nicht. Intime Aufnahmen"
            " und Betrug sind von dieser Richtlinie nie gedeckt.\n\n"
            "Übliche Maßnahme: behalten. Kennzeichnen, wenn der Zusammenhang verloren gehen könnte."
        ),
        "two_people": False,
    },
    {
        "code": "misleading-context",
        "title": "Misleading context",
        "title_de": "Irreführender Zusammenhang",
        "text": (
            "The file itself is real, but it is shown as something that it is not: another place, time, person or"
            " event, or cut so that it says the opposite.\n\n"
            "Name the earlier source in your note: where it was published, when, and what it really shows. Without a"
            " source, use “not enough evidence”.\n\n"
            "Usual action: label, with the real context."
        ),
        "text_de": (
            "Die Datei selbst ist echt, wird aber als etwas gezeigt, das sie nicht ist: als anderer Ort, andere Zeit,"
            " andere Person oder anderes Ereignis, oder so geschnitten, dass sie das Gegenteil sagt.\n\n"
            "Nennen Sie in Ihrer Nachricht die frühere Quelle: wo und wann sie veröffentlicht wurde und was sie"
            " wirklich zeigt. Ohne Quelle gilt „Nicht genug Anhaltspunkte“.\n\n"
            "Übliche Maßnahme: kennzeichnen, mit dem wirklichen Zusammenhang."
        ),
        "two_people": False,
    },
    {
        "code": "intimate-imagery",
        "title": "Intimate imagery",
        "title_de": "Intime Aufnahmen",
        "text": (
            "Sexual or nude pictures and films that were made, or altered, to show a real person who did not agree to"
            " it. It does not matter how good they are, whether they are labelled, or whether the person is famous.\n\n"
            "Look no longer than you need to, and mark the file as hard to look at. If the person may be under 18:"
            " stop looking, don't copy or forward anything, and escalate it to the leads at once. They follow the law"
            " on reporting.\n\n"
            "Usual action: remove. A second person must agree."
        ),
        "text_de": (
            "Sexuelle Aufnahmen oder Nacktaufnahmen, die erzeugt oder verändert wurden, um eine wirkliche Person zu"
            " zeigen, die dem nicht zugestimmt hat. Es kommt nicht darauf an, wie gut sie gemacht sind, ob sie"
            " gekennzeichnet sind oder ob die Person bekannt ist.\n\n"
            "Sehen Sie nicht länger hin als nötig, und markieren Sie die Datei als belastend. Könnte die Person unter"
            " 18 sein: Sehen Sie nicht weiter hin, kopieren und verschicken Sie nichts, und geben Sie den Fall sofort"
            " an die Leitung. Sie hält sich an die gesetzlichen Meldepflichten.\n\n"
            "Übliche Maßnahme: entfernen. Eine zweite Person muss zustimmen."
        ),
        "two_people": True,
    },
    {
        "code": "impersonation-and-fraud",
        "title": "Impersonation and fraud",
        "title_de": "Identitätsmissbrauch und Betrug",
        "text": (
            "Media that pretends to be a real person or organisation in order to get money, data, access or trust:"
            " cloned voices, staged video calls, invented endorsements, altered identity papers.\n\n"
            "What counts is the deception, not how well it is made. Say who is impersonated and what viewers are"
            " asked to do.\n\n"
            "Usual action: remove. Restrict it while that is not clear yet."
        ),
        "text_de": (
            "Medien, die vorgeben, eine wirkliche Person oder Organisation zu sein, um an Geld, Daten, Zugänge oder"
            " Vertrauen zu kommen: geklonte Stimmen, gestellte Videoanrufe, erfundene Empfehlungen, veränderte"
            " Ausweise.\n\n"
            "Es kommt auf die Täuschung an, nicht darauf, wie gut sie gemacht ist. Schreiben Sie, wer nachgeahmt wird"
            " und wozu die Betrachter gebracht werden sollen.\n\n"
            "Übliche Maßnahme: entfernen. Einschränken, solange das noch nicht klar ist."
        ),
        "two_people": False,
    },
    {
        "code": "public-figures-and-elections",
        "title": "Public figures and elections",
        "title_de": "Personen des öffentlichen Lebens und Wahlen",
        "text": (
            "Altered or invented words and acts of candidates, office holders or election staff, and false statements"
            " about when, where or how to vote, shown as if they were real.\n\n"
            "Opinion, criticism and satire are not covered. Use the same measure for every party and every"
            " person.\n\n"
            "Usual action: label. Restrict it if it could keep people from voting, or if a vote is days away. A second"
            " person must agree."
        ),
        "text_de": (
            "Veränderte oder erfundene Worte und Taten von Kandidaten, Amtsträgern oder Wahlhelfern und falsche"
            " Angaben dazu, wann, wo oder wie gewählt wird, gezeigt, als wären sie echt.\n\n"
            "Meinung, Kritik und Satire fallen nicht darunter. Legen Sie an jede Partei und jede Person denselben"
            " Maßstab an.\n\n"
            "Übliche Maßnahme: kennzeichnen. Einschränken, wenn es Menschen vom Wählen abhalten könnte oder eine Wahl"
            " in wenigen Tagen ansteht. Eine zweite Person muss zustimmen."
        ),
        "two_people": True,
    },
    {
        "code": "not-enough-evidence",
        "title": "Not enough evidence",
        "title_de": "Nicht genug Anhaltspunkte",
        "text": (
            "What you can see and find out does not carry a verdict either way: poor quality, no original, no source,"
            " or an ordinary explanation for what the models noticed, such as a filter or strong compression.\n\n"
            "Use it to leave the question open, and to set aside a result of the models that you can't confirm. Say"
            " in your note what would help: the original file, a larger version, the source.\n\n"
            "Usual action: keep."
        ),
        "text_de": (
            "Was zu sehen und herauszufinden ist, trägt kein Urteil, weder so noch so: schlechte Qualität, kein"
            " Original, keine Quelle, oder eine gewöhnliche Erklärung für das, was den Modellen aufgefallen ist, etwa"
            " ein Filter oder starke Kompression.\n\n"
            "Wenden Sie sie an, um die Frage offenzulassen und um ein Ergebnis der Modelle zurückzustellen, das Sie"
            " nicht bestätigen können. Schreiben Sie in Ihrer Nachricht, was helfen würde: die Originaldatei, eine"
            " größere Fassung, die Quelle.\n\n"
            "Übliche Maßnahme: behalten."
        ),
        "two_people": False,
    },
)

# Policy, title, title in German, text, text in German
REPLIES = (
    (
        "synthetic-media",
        "Manipulated",
        "Manipuliert",
        "We looked at {name} and found that it was generated or altered. Please don't share it as a real recording."
        " If you have the original file, you can appeal and send it to us.",
        "Wir haben {name} geprüft und festgestellt, dass die Datei erzeugt oder verändert wurde. Bitte geben Sie sie"
        " nicht als echte Aufnahme weiter. Wenn Sie die Originaldatei haben, können Sie Widerspruch einlegen und sie uns"
        " schicken.",
    ),
    (
        None,
        "No sign of manipulation",
        "Keine Anzeichen einer Manipulation",
        "We looked at {name} and found no sign of manipulation. That is no proof that it is authentic: please check as"
        " well where it comes from and whether what is said about it is true.",
        "Wir haben {name} geprüft und keine Anzeichen einer Manipulation gefunden. Das beweist nicht, dass die Datei"
        " echt ist: Bitte prüfen Sie auch, woher sie stammt und ob stimmt, was über sie gesagt wird.",
    ),
    (
        "satire-and-art",
        "Altered, and permitted",
        "Verändert und zulässig",
        "{name} was altered, and that is easy to see. It may stay under our policy “{policy}”. Please keep the note"
        " that says so when you share it.",
        "{name} wurde verändert, und das ist gut zu erkennen. Nach unserer Richtlinie „{policy}“ darf die Datei"
        " bleiben. Bitte lassen Sie den Hinweis darauf stehen, wenn Sie sie weitergeben.",
    ),
    (
        "misleading-context",
        "Real, but shown out of context",
        "Echt, aber aus dem Zusammenhang gerissen",
        "{name} is real, but it does not show what is claimed. It was published before in another context: (add"
        " source, date and what it shows).",
        "{name} ist echt, zeigt aber nicht, was behauptet wird. Die Aufnahme wurde früher in einem anderen"
        " Zusammenhang veröffentlicht: (bitte Quelle, Datum und wirklichen Inhalt ergänzen).",
    ),
    (
        "intimate-imagery",
        "Removed: intimate imagery",
        "Entfernt: intime Aufnahme",
        "We removed {name} under our policy “{policy}”. Such a file must not be shared. If it shows you, you can get"
        " help from the police or an advice centre, and we will answer their questions.",
        "Wir haben {name} nach unserer Richtlinie „{policy}“ entfernt. Eine solche Datei darf nicht weitergegeben"
        " werden. Wenn Sie selbst darauf zu sehen sind, helfen Ihnen die Polizei oder eine Beratungsstelle; wir"
        " beantworten deren Fragen.",
    ),
    (
        "impersonation-and-fraud",
        "Warning: attempted fraud",
        "Warnung: Betrugsversuch",
        "{name} pretends to be somebody else in order to deceive. Don't send money or data, and don't reply. Reach the"
        " person or organisation in a way that you already knew.",
        "{name} gibt vor, von jemand anderem zu stammen, um zu täuschen. Schicken Sie weder Geld noch Daten, und"
        " antworten Sie nicht. Wenden Sie sich an die Person oder Organisation auf einem Weg, den Sie schon kannten.",
    ),
    (
        "public-figures-and-elections",
        "Labelled: not a real statement",
        "Gekennzeichnet: keine echte Aussage",
        "{name} shows words or acts that did not happen like this. Under our policy “{policy}” it is labelled as"
        " altered. Opinion and satire are not affected.",
        "{name} zeigt Worte oder Taten, die es so nicht gegeben hat. Nach unserer Richtlinie „{policy}“ ist die Datei"
        " als verändert gekennzeichnet. Meinung und Satire sind davon nicht betroffen.",
    ),
    (
        "not-enough-evidence",
        "We could not tell",
        "Nicht zu beurteilen",
        "We looked at {name} and could not tell whether it was manipulated. The original file, a larger version or the"
        " source would help: upload it and mention this scan.",
        "Wir haben {name} geprüft und konnten nicht sagen, ob die Datei manipuliert wurde. Die Originaldatei, eine"
        " größere Fassung oder die Quelle würde helfen: Laden Sie sie hoch und nennen Sie diese Prüfung.",
    ),
    (
        None,
        "Appeal: the decision stands",
        "Widerspruch: Die Entscheidung bleibt bestehen",
        "Somebody who had no part in the first decision looked at {name} again. The decision stands, because: (add"
        " your reason).",
        "Jemand, der an der ersten Entscheidung nicht beteiligt war, hat {name} noch einmal geprüft. Die Entscheidung"
        " bleibt bestehen, weil: (bitte Begründung ergänzen).",
    ),
    (
        None,
        "Appeal: the decision is changed",
        "Widerspruch: Die Entscheidung wird geändert",
        "Somebody who had no part in the first decision looked at {name} again. You were right, and we have changed"
        " it. Thank you for telling us.",
        "Jemand, der an der ersten Entscheidung nicht beteiligt war, hat {name} noch einmal geprüft. Sie hatten recht,"
        " und wir haben die Entscheidung geändert. Vielen Dank für Ihren Hinweis.",
    ),
)
QUEUES = {"review": ("Review", "Prüfung"), "leads": ("Leads", "Leitung"), "appeals": ("Appeals", "Widersprüche")}
RULES = {
    "Signs of manipulation": "Wahrscheinlich manipuliert",
    "Inconclusive": "Nicht eindeutig",
    "The uploader says it is wrong": "Der Absender widerspricht dem Ergebnis",
    "Looks like a file that was decided to be manipulated": "Ähnelt einer Datei, die als manipuliert gilt",
    "Random audit": "Stichprobe",
}


def ship(apps: Any, schema_editor: Any) -> None:
    """Only where a site has written none of its own; all of it can be changed at the desk."""
    policy, reply = apps.get_model("scans", "Policy"), apps.get_model("scans", "CannedReply")
    queue, rule = apps.get_model("scans", "ReviewQueue"), apps.get_model("scans", "Rule")
    if not policy.objects.exists():
        for fields in POLICIES:
            policy.objects.create(**fields)
    if not reply.objects.exists():
        of_code = {row.code: row for row in policy.objects.all()}
        for code, title, title_de, text, text_de in REPLIES:
            reply.objects.create(title=title, title_de=title_de, text=text, text_de=text_de, policy=of_code.get(code))
    for slug, (name, name_de) in QUEUES.items():
        queue.objects.filter(slug=slug, name=name).update(name_de=name_de)
    for name, name_de in RULES.items():
        rule.objects.filter(name=name).update(name_de=name_de)


class Migration(migrations.Migration):
    dependencies = (("scans", "0019_sent_at"),)
    operations = (
        migrations.AddField(
            "policy", "title_de", models.CharField("title in German", max_length=120, blank=True, default="")
        ),
        migrations.AddField("policy", "text_de", models.TextField("text in German", blank=True, default="")),
        migrations.AddField(
            "cannedreply", "title_de", models.CharField("title in German", max_length=80, blank=True, default="")
        ),
        migrations.AddField(
            "cannedreply", "text_de", models.TextField("text in German", max_length=2000, blank=True, default="")
        ),
        migrations.AddField(
            "reviewqueue", "name_de", models.CharField("name in German", max_length=60, blank=True, default="")
        ),
        migrations.AddField(
            "rule", "name_de", models.CharField("name in German", max_length=80, blank=True, default="")
        ),
        migrations.RunPython(ship, migrations.RunPython.noop),
    )
