"""The machinery that every wing uses: procedures as data, cases, events, scope, clocks, the log's sequencer."""
