"""应用场景，一类场景一审定: scenarios; one approval for one class."""
