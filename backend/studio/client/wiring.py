"""Where the service is and how it is talked to; the same for both kinds of client."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from studio.client import errors
from studio.client.story import retryable
from studio.protocol import SUBPROTOCOL

DEFAULT_URL = "http://127.0.0.1:8000"


@dataclass(frozen=True)
class Wiring:
    """url: of the service, with the path that a proxy may put before it. key: an API key, where the service asks for
    one. timeout_s: for an answer that nothing holds up. retries: how often a request is sent again when the service is
    busy, or did not answer. patience_s: how long a stream that broke, or a busy queue, is tried again.
    """

    url: str = DEFAULT_URL
    key: str | None = None
    timeout_s: float = 30.0
    retries: int = 3
    patience_s: float = 30.0

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ValueError(f"url: expected http:// or https://, got {self.url!r}")

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.key is None else {"Authorization": f"Bearer {self.key}"}

    @property
    def socket_url(self) -> str:
        return "ws" + self.url.removeprefix("http").rstrip("/") + "/ws"

    @property
    def socket_options(self) -> Mapping[str, Any]:
        """For `websockets`: frames are not compressed, and as large as they are."""
        return {
            "subprotocols": [Subprotocol(SUBPROTOCOL)],
            "compression": None,
            "max_size": None,
            "open_timeout": self.timeout_s,
            "close_timeout": 2,
        }


def unopened(error: Exception) -> errors.ClientError:
    """Why there is no connection. Raises it when another attempt would not help."""
    if not isinstance(error, InvalidStatus):
        return errors.Unreachable(f"no connection: {error or type(error).__name__}")
    answer = error.response
    problem = errors.of_text(
        answer.status_code, (answer.body or b"").decode(errors="replace"), answer.headers.get("retry-after")
    )
    if retryable(problem):
        return problem
    raise problem from error
