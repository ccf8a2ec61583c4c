"""What `shugang …` runs: set-up, the supervisor, the doctor, the verifier, the demonstration."""
