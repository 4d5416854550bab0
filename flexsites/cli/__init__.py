"""The command line: every command, and how it speaks."""


def main() -> None:
    """Run the command line. Its commands are loaded only here: a process that works for a run imports this too."""
    from flexsites.cli.app import main as run  # noqa: PLC0415

    run()
