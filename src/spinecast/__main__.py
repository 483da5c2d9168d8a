"""``python -m spinecast`` is the same as ``spinecast``."""

from spinecast.cli import main

if __name__ == "__main__":
    main()
