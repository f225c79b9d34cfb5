"""Choice of a person for one key: another seed or prompt, one of its candidates, or to lock it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class KeyChoice:
    """Choice for one key, from the table of a plan.

    seed: replaces that of the settings. prompt: for this key alone. pick: number of the chosen candidate, from 1; the
    first is the key's own. lock: the key is approved and never painted again. origin: the table and line, for messages.
    """

    seed: int | None = None
    prompt: str | None = None
    pick: int | None = None
    lock: bool = False
    origin: str = "keys.csv"

    @property
    def candidate(self) -> int:
        """Number of the candidate to use."""
        return self.pick or 1


NO_CHOICE = KeyChoice()
