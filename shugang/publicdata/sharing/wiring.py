"""What the room adds to the platform."""


def register() -> None:
    """Nothing yet."""
