"""What REDIS_URL names, in the words of the cache and of Celery: one Redis, or one that Sentinels watch over."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured

TIMEOUTS = {"socket_connect_timeout": 0.5, "socket_timeout": 2}
EXAMPLE = "sentinel://:password@sentinel-1:26379,sentinel-2:26379,sentinel-3:26379/mymaster"


@dataclass(frozen=True)
class Redis:
    """With one numbered database for each use; what the address says of a database is left out."""

    url: str

    def cache(self, database: int) -> dict[str, Any]:
        return {"LOCATION": self._location(database), "OPTIONS": dict(_upper(TIMEOUTS))}

    def broker_url(self, database: int) -> str:
        if self.url.startswith("unix://"):
            place = self.url.partition("?")[0].replace("unix://", "redis+socket://")
            return f"{place}?virtual_host={database}"
        return self._location(database)

    def broker_options(self) -> dict[str, Any]:
        return {}

    def _location(self, database: int) -> str:
        if self.url.startswith("unix://"):
            return f"{self.url.partition('?')[0]}?db={database}"
        return urlsplit(self.url)._replace(path=f"/{database}").geturl()


@dataclass(frozen=True)
class WatchedRedis(Redis):
    """The Sentinels are asked which server is the primary, again after each failover.

    Everything is read from it and not from replicas, which would know of an attempt to sign in too late.
    """

    sentinel_password: str = ""

    def cache(self, database: int) -> dict[str, Any]:
        address = self._address
        login = address.netloc.rpartition("@")[0]
        return {
            "LOCATION": f"redis://{login}{'@' if login else ''}{self._name}/{database}",
            "OPTIONS": {
                **_upper(TIMEOUTS),
                "CONNECTION_FACTORY": "django_redis.pool.SentinelConnectionFactory",
                "SENTINELS": self._sentinels,
                "SENTINEL_KWARGS": self._to_sentinels(),
            },
        }

    def broker_url(self, database: int) -> str:
        login, at, _hosts = self._address.netloc.rpartition("@")
        return ";".join(f"sentinel://{login}{at}{host}:{port}/{database}" for host, port in self._sentinels)

    def broker_options(self) -> dict[str, Any]:
        return {"master_name": self._name, "sentinel_kwargs": self._to_sentinels()}

    def _to_sentinels(self) -> dict[str, Any]:
        return {**TIMEOUTS, **({"password": self.sentinel_password} if self.sentinel_password else {})}

    @property
    def _address(self) -> SplitResult:
        return urlsplit(self.url)

    @property
    def _name(self) -> str:
        return self._address.path.strip("/")

    @property
    def _sentinels(self) -> list[tuple[str, int]]:
        hosts = self._address.netloc.rpartition("@")[2].split(",")
        pairs = (host.strip().rpartition(":") for host in hosts)
        return [(name, int(port)) if colon else (port, 26379) for name, colon, port in pairs]


def read(url: str, sentinel_password: str) -> Redis:
    if not url.startswith("sentinel://"):
        return Redis(url)
    watched = WatchedRedis(url, sentinel_password)
    try:
        complete = bool(watched._name) and all(name for name, _port in watched._sentinels)
    except ValueError:
        complete = False
    if not complete:
        raise ImproperlyConfigured(
            f"REDIS_URL can't be read. Name the Sentinels and the primary that they watch, like {EXAMPLE}"
        )
    return watched


def _upper(options: dict[str, Any]) -> dict[str, Any]:
    return {name.upper(): value for name, value in options.items()}
