"""Where a buyer's query runs: a process of its own for each, behind every wall that the machine offers."""

from shugang.delivery.plane.sandbox.pool import Given, Run, Sandbox, SandboxFailed

__all__ = ["Given", "Run", "Sandbox", "SandboxFailed"]
