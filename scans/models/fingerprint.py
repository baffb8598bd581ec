"""Perceptual hashes: pictures that look alike have hashes that differ in few of their 64 bits."""

from itertools import combinations
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

# Two hashes that differ in at most 8 bits differ in at most 2 of one of three thirds: all thirds that near are
# looked up in an index, some 760 keys for a hash, and few rows come back that are not meant.
NEAR = 8
BANDS = (("first", 0, 22), ("second", 22, 21), ("third", 43, 21))  # field, lowest bit, width
WITHIN = NEAR // len(BANDS)


def bands(bits: int) -> dict[str, int]:
    return {name: (bits >> low) & ((1 << width) - 1) for name, low, width in BANDS}


def neighbours(value: int, width: int) -> list[int]:
    """All numbers of `width` bits that differ from `value` in at most WITHIN bits."""
    values = [value]
    for count in range(1, WITHIN + 1):
        values += [value ^ sum(1 << bit for bit in chosen) for chosen in combinations(range(width), count)]
    return values


def distance(first: int, second: int) -> int:
    return ((first ^ second) & ((1 << 64) - 1)).bit_count()


class FingerprintQuerySet(models.QuerySet["Fingerprint"]):
    def near(self, bits: int) -> Self:
        """Candidates: every fingerprint within NEAR bits, and some that are farther away."""
        bands_of_hash = bands(bits)
        condition = Q()
        for name, _low, width in BANDS:
            condition |= Q(**{f"{name}__in": neighbours(bands_of_hash[name], width)})
        return self.filter(condition)


class Fingerprint(models.Model):
    scan = models.ForeignKey("scans.Scan", on_delete=models.CASCADE, related_name="fingerprints")
    time = models.FloatField(_("second"), default=0.0)
    bits = models.BigIntegerField(_("hash"))  # as a signed number: databases know no other
    first = models.IntegerField(editable=False)
    second = models.IntegerField(editable=False)
    third = models.IntegerField(editable=False)

    objects: ClassVar[Any] = FingerprintQuerySet.as_manager()

    class Meta:
        verbose_name = _("fingerprint")
        verbose_name_plural = _("fingerprints")
        indexes = [models.Index(fields=[name], name=f"fingerprint_{name}") for name, _low, _width in BANDS]

    def __str__(self) -> str:
        return f"{self.unsigned:016x}"

    @classmethod
    def from_bits(cls, scan: Any, time: float, bits: int) -> "Fingerprint":
        signed = bits - (1 << 64) if bits >> 63 else bits
        return cls(scan=scan, time=time, bits=signed, **bands(bits))

    @property
    def unsigned(self) -> int:
        return self.bits & ((1 << 64) - 1)
