"""By which names the service may be called, and whose pages may call it."""

from urllib.parse import urlsplit

from studio.settings import Settings

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


def host_allowed(host: str, settings: Settings) -> bool:
    """Whether the service may be called by the name `host` (with or without a port).

    A page elsewhere may have its own name resolve to this machine; the name that it calls betrays it.
    """
    if not settings.allowed_hosts and settings.host not in LOCAL_HOSTS:
        return True
    pages = (_hostname(origin) for origin in settings.allowed_origins)
    name = _hostname(f"//{host}")
    return name is not None and name in (*LOCAL_HOSTS, settings.host, *settings.allowed_hosts, *pages)


def origin_allowed(origin: str | None, host: str, allowed: tuple[str, ...]) -> bool:
    """Whether a page of `origin` may call `host`: its own server's pages, local ones and those listed.

    Programs that are not browsers send no origin, and need none.
    """
    if origin is None or origin in allowed:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and (parts.netloc == host or parts.hostname in LOCAL_HOSTS)


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
