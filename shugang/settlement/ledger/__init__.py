"""Double entry over integer 分: a mirror of the licensed custodian's account, never the platform's own money (账本)."""
