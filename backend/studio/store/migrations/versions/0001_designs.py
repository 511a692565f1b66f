"""Designs, their nodes and candidates."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "designs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("folded", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text),
        sa.Column("thumbnail", sa.Text),
        sa.Column("share", sa.String(64)),
        sa.Column("n_nodes", sa.Integer, nullable=False),
        sa.Column("n_bytes", sa.BigInteger, nullable=False),
        sa.Column("request_key", sa.Text),
        sa.Column("request_hash", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_designs"),
        sa.UniqueConstraint("share", name="uq_designs_share"),
        sa.UniqueConstraint("owner", "request_key", name="uq_designs_owner_request_key"),
    )
    op.create_index("ix_designs_owner_updated_id", "designs", ["owner", "updated", "id"])
    op.create_table(
        "design_tags",
        sa.Column("design", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.Column("folded", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("design", "position", name="pk_design_tags"),
        _of_design("design_tags"),
    )
    op.create_index("ix_design_tags_folded", "design_tags", ["folded"])
    op.create_table(
        "design_formulas",
        sa.Column("design", sa.String(32), nullable=False),
        sa.Column("formula", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("design", "formula", name="pk_design_formulas"),
        _of_design("design_formulas"),
    )
    op.create_index("ix_design_formulas_formula", "design_formulas", ["formula"])
    op.create_table(
        "nodes",
        sa.Column("design", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("parent", sa.String(64)),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("spec", sa.Text),
        sa.Column("seed", sa.BigInteger),
        sa.Column("model", sa.Text),
        sa.Column("reproducible", sa.Boolean, nullable=False),
        sa.Column("n_candidates", sa.Integer, nullable=False),
        sa.Column("chosen", sa.Integer),
        sa.Column("payload", sa.Text),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("design", "position", name="pk_nodes"),
        sa.UniqueConstraint("design", "id", name="uq_nodes_design_id"),
        _of_design("nodes"),
    )
    op.create_table(
        "candidates",
        sa.Column("design", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("numbers", sa.LargeBinary, nullable=False),
        sa.Column("positions", sa.LargeBinary, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("design", "position", "number", name="pk_candidates"),
        sa.ForeignKeyConstraint(
            ["design", "position"],
            ["nodes.design", "nodes.position"],
            name="fk_candidates_nodes",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    for table in ("candidates", "nodes", "design_formulas", "design_tags", "designs"):
        op.drop_table(table)


def _of_design(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["design"], ["designs.id"], name=f"fk_{table}_designs", ondelete="CASCADE")
