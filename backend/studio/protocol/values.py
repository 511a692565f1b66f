"""What the types of the wire are made of: numbers, names, and the strictness of `Wire`."""

from typing import Annotated, Literal

from pydantic import AllowInfNan, BaseModel, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

VERSION = 1
SUBPROTOCOL = "gpff.v1"

MAX_STEPS = 1024
MAX_EVERY_MS = 1000
MAX_LIST = 4096  # no list of a request is longer; the real limits are settings, told in `welcome`
MAX_SEED = 2**53 - 1  # the largest integer that JSON in a browser keeps

Float = Annotated[float, Strict(), AllowInfNan(False)]
Int = Annotated[int, Strict()]
Bool = Annotated[bool, Strict()]
Index = Annotated[int, Strict(), Field(ge=0)]
type Vec3 = tuple[Float, Float, Float]
type Mat3 = tuple[Vec3, Vec3, Vec3]
Numbers = Annotated[list[Annotated[int, Strict(), Field(ge=0, le=1000)]], Field(max_length=MAX_LIST)]
Positions = Annotated[list[Vec3], Field(max_length=MAX_LIST)]
Formula = Annotated[str, Strict(), Field(min_length=1, max_length=200)]
JobId = Annotated[str, Strict(), Field(pattern=r"^[0-9]{1,10}$")]
ReqId = Annotated[str, Strict(), Field(min_length=1, max_length=64)]
Deadline = Annotated[float, Strict(), Field(gt=0, le=86_400)]
type Bond = tuple[Int, Int, Int]
type Sampler = Literal[
    "dd", "sdd", "ancestral", "heun", "stochastic_heun", "as_ancestral", "as_heun", "as_stochastic_heun"
]
type ShapeName = Literal["any", "rod", "disc", "sphere"]
type JobState = Literal["queued", "running", "paused", "finished", "failed", "cancelled", "expired"]


class Wire(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, json_schema_serialization_defaults_required=True
    )


def expected(expected: str, got: str) -> PydanticCustomError:
    return PydanticCustomError("form", "expected {expected}, got {got}", {"expected": expected, "got": got})
