"""The tables. What they look like in a database is decided by the migrations; a test holds the two together.

Times are microseconds since 1970, the same integers in every database. JSON is text, so that what was written comes
back. Coordinates are the bytes of little-endian floats.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# `folded`: for searching, whatever the case. `request_key`, `request_hash`: of the request that made the design.
designs = Table(
    "designs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("folded", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("state", Text),
    Column("thumbnail", Text),
    Column("share", String(64)),
    Column("n_nodes", Integer, nullable=False),
    Column("n_bytes", BigInteger, nullable=False),
    Column("request_key", Text),
    Column("request_hash", LargeBinary),
    UniqueConstraint("share"),
    UniqueConstraint("owner", "request_key"),
    Index(None, "owner", "updated", "id"),
)

design_tags = Table(
    "design_tags",
    metadata,
    Column("design", String(32), ForeignKey("designs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("tag", Text, nullable=False),
    Column("folded", Text, nullable=False),
    Index(None, "folded"),
)

# Every formula that a molecule of the design has, in Hill order.
design_formulas = Table(
    "design_formulas",
    metadata,
    Column("design", String(32), ForeignKey("designs.id", ondelete="CASCADE"), primary_key=True),
    Column("formula", String(200), primary_key=True),
    Index(None, "formula"),
)

# `position`: in the order of arrival, parents first. `digest`: SHA-256 of the content.
nodes = Table(
    "nodes",
    metadata,
    Column("design", String(32), ForeignKey("designs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("id", String(64), nullable=False),
    Column("parent", String(64)),
    Column("kind", String(32), nullable=False),
    Column("label", Text, nullable=False),
    Column("name", Text),
    Column("created", BigInteger, nullable=False),
    Column("spec", Text),
    Column("seed", BigInteger),
    Column("model", Text),
    Column("reproducible", Boolean, nullable=False),
    Column("n_candidates", Integer, nullable=False),
    Column("chosen", Integer),
    Column("payload", Text),
    Column("digest", LargeBinary, nullable=False),
    UniqueConstraint("design", "id"),
)

# `numbers`: uint8 [n]. `positions`: float64 [n, 3], or float32 where that loses nothing. `facts`: the rest, as JSON.
candidates = Table(
    "candidates",
    metadata,
    Column("design", String(32), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("numbers", LargeBinary, nullable=False),
    Column("positions", LargeBinary, nullable=False),
    Column("facts", Text, nullable=False),
    ForeignKeyConstraint(["design", "position"], ["nodes.design", "nodes.position"], ondelete="CASCADE"),
)
