"""The dynamic library: where it is, and its functions with their types."""

import ctypes
import importlib.metadata
import json
import os
import pathlib
import urllib.parse
import urllib.request

OK, INVALID, FAILED, CANCELLED, MISUSE = range(5)
NOTHING, BOOLEAN, INTEGER, REAL, TEXT, ARRAY, RECORD, OBJECT, OTHER = range(9)

_NAMES = ("libalea-c.so", "libalea-c.dylib")


class AleaError(Exception):
    """What is wrong with a program, or what failed while it ran.

    ``diagnostics`` holds the messages as dictionaries: severity, message, file, line, column, endLine, endColumn, label, notes.
    The text of the exception shows them with the places underlined.
    """

    def __init__(self, text, diagnostics=()):
        super().__init__(text)
        self.diagnostics = list(diagnostics)


class AleaCancelled(AleaError):
    """The work was stopped by :meth:`Session.cancel` or by a progress function."""


class Array(ctypes.Structure):
    """``alea_array``: numbers in memory that belongs to a value."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("element", ctypes.c_int),
        ("rank", ctypes.c_int32),
        ("shape", ctypes.c_int64 * 2),
        ("labels", ctypes.c_char_p),
    ]


Progress = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_double, ctypes.c_void_p)


def _candidates():
    given = os.environ.get("ALEA_LIBRARY")
    if given:
        path = pathlib.Path(given)
        if path.is_dir():
            yield from (path / name for name in _NAMES)
        else:
            yield path
        return
    here = pathlib.Path(__file__).resolve().parent
    for name in _NAMES:
        yield here / name
    for folder in (*here.parents, *_origins()):
        for kind in ("release", "debug"):
            for name in _NAMES:
                yield folder / ".build" / kind / name


def _origins():
    """The folder that pip installed this package from, and those above it."""
    try:
        record = importlib.metadata.distribution("alea").read_text("direct_url.json")
        parts = urllib.parse.urlsplit(json.loads(record)["url"])
    except (importlib.metadata.PackageNotFoundError, TypeError, ValueError, KeyError):
        return
    if parts.scheme == "file":
        folder = pathlib.Path(urllib.request.url2pathname(parts.path))
        yield from (folder, *folder.parents)


def library_path():
    """The path of the dynamic library: ``ALEA_LIBRARY``, beside the package, or in ``.build`` of the repository it comes from."""
    for path in _candidates():
        if path.is_file():
            return str(path)
    given = os.environ.get("ALEA_LIBRARY")
    raise ImportError(
        f"ALEA_LIBRARY is {given!r}, and there is no library"
        if given
        else "there is no libalea-c: build it by `swift build -c release --product alea-c` and set ALEA_LIBRARY to its path"
    )


def _load():
    library = ctypes.CDLL(library_path())
    text, pointer, out = ctypes.c_char_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)
    signatures = {
        "alea_version": (text, []),
        "alea_open": (pointer, []),
        "alea_close": (None, [pointer]),
        "alea_set_parameter": (ctypes.c_int, [pointer, text, text]),
        "alea_set_option": (ctypes.c_int, [pointer, text, text]),
        "alea_run": (ctypes.c_int, [pointer, text, text, out]),
        "alea_run_file": (ctypes.c_int, [pointer, text, out]),
        "alea_evaluate": (ctypes.c_int, [pointer, text, out]),
        "alea_cancel": (None, [pointer]),
        "alea_set_progress": (ctypes.c_int, [pointer, Progress, pointer]),
        "alea_errors": (text, [pointer]),
        "alea_error_text": (text, [pointer]),
        "alea_warnings": (text, [pointer]),
        "alea_output": (text, [pointer]),
        "alea_expectations": (text, [pointer]),
        "alea_value_kind": (ctypes.c_int, [pointer]),
        "alea_value_type": (text, [pointer]),
        "alea_value_number": (ctypes.c_int, [pointer, ctypes.POINTER(ctypes.c_double)]),
        "alea_value_json": (text, [pointer]),
        "alea_value_text": (text, [pointer]),
        "alea_value_members": (text, [pointer]),
        "alea_value_member": (ctypes.c_int, [pointer, text, out]),
        "alea_value_count": (ctypes.c_int64, [pointer]),
        "alea_value_element": (ctypes.c_int, [pointer, ctypes.c_int64, out]),
        "alea_value_arrays": (text, [pointer]),
        "alea_value_array": (ctypes.c_int, [pointer, text, ctypes.POINTER(Array)]),
        "alea_free": (None, [pointer]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


library = _load()


def version():
    """The version of the language: ``"0.1.0"``."""
    return library.alea_version().decode()


def encoded(text, what):
    """A text for the library, which takes UTF-8 without NUL."""
    if isinstance(text, os.PathLike):
        text = os.fspath(text)
    if not isinstance(text, str):
        raise TypeError(f"{what} is a str, not {type(text).__name__}")
    if "\0" in text:
        raise ValueError(f"{what} holds a NUL character")
    return text.encode()


class Handle:
    """A value of the language, given back when nothing in Python refers to it any more."""

    def __init__(self, pointer):
        self.pointer = pointer

    def __del__(self):
        if library is not None:
            library.alea_free(self.pointer)

    def kind(self):
        return library.alea_value_kind(self.pointer)

    def type_name(self):
        return library.alea_value_type(self.pointer).decode()

    def number(self):
        number = ctypes.c_double()
        library.alea_value_number(self.pointer, ctypes.byref(number))
        return number.value

    def json(self):
        return json.loads(library.alea_value_json(self.pointer))

    def text(self):
        return library.alea_value_text(self.pointer).decode()

    def members(self):
        return json.loads(library.alea_value_members(self.pointer))

    def arrays(self):
        return json.loads(library.alea_value_arrays(self.pointer))

    def count(self):
        return library.alea_value_count(self.pointer)

    def member(self, name):
        """The handle of a member, or None."""
        found = ctypes.c_void_p()
        status = library.alea_value_member(self.pointer, encoded(name, "a name"), ctypes.byref(found))
        return Handle(found.value) if status == OK else None

    def element(self, position):
        found = ctypes.c_void_p()
        status = library.alea_value_element(self.pointer, position, ctypes.byref(found))
        return Handle(found.value) if status == OK else None
