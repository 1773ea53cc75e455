"""The scoretok command: one small module a subcommand, loaded when it is called."""
