"""Where queries/ and templates/ lie: inside the installed package, else beside it in a checkout."""

from pathlib import Path

__all__ = ["data_folder"]


def data_folder(caller: str, name: str) -> Path:
    """Folder `name` of the package whose module file is `caller` (pass `__file__`)."""
    here = Path(caller).resolve().parent
    return here / name if (here / name).is_dir() else here.parent / name
