"""What all sources share."""

from shugang.policy.columns import Column, as_columns


class Columned:
    """Sources accept columns as objects or as their JSON."""

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", as_columns(self.columns))
