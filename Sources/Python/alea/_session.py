"""Sessions: places where programs run."""

import ctypes
import json
import sys
import threading
import weakref

from . import _library
from ._answers import converted
from ._library import AleaCancelled, AleaError, Handle, Progress, encoded, library


class Session:
    """A place where programs run; what they define stays.

    ``output`` receives what programs print, as text (standard output when left out, nothing for None). ``progress`` is called now and
    then during long work with a phase, a detail and a fraction (None where it is not known); it ends the work by returning False.
    ``parameters`` are values of ``param``s by name; ``options`` are seed, threads, digits, width, memory.

    A session may be used as a context manager. Control-C during a call stops the work and raises KeyboardInterrupt; the session lives on.
    """

    def __init__(self, output=sys.stdout.write, progress=None, parameters=None, **options):
        self._pointer = library.alea_open()
        self._finalizer = weakref.finalize(self, library.alea_close, self._pointer)
        self._output = output
        self.warnings = []
        self._set_progress(progress)
        for name, value in (parameters or {}).items():
            self.set_parameter(name, value)
        for name, value in options.items():
            self.set_option(name, value)

    # Programs

    def run(self, text, name="<program>"):
        """Checks and runs a program; returns the value of its last question, or None."""
        text, name = encoded(text, "a program"), encoded(name, "a name")
        return self._asked(lambda out: library.alea_run(self._pointer, text, name, out))

    def run_file(self, path):
        """Checks and runs a file; returns the value of its last question, or None."""
        path = encoded(path, "a path")
        return self._asked(lambda out: library.alea_run_file(self._pointer, path, out))

    def evaluate(self, expression):
        """The value of one expression over what has been defined."""
        expression = encoded(expression, "an expression")
        return self._asked(lambda out: library.alea_evaluate(self._pointer, expression, out))

    def __getitem__(self, name):
        """A value that a program has named: ``session["best"]``."""
        return self.evaluate(name)

    # Settings

    def set_parameter(self, name, value):
        """Sets a ``param`` of the programs that run after this."""
        if isinstance(value, bool):
            value = "true" if value else "false"
        name, value = encoded(name, "a name"), encoded(str(value), "a value")
        self._ask(lambda: library.alea_set_parameter(self._pointer, name, value))

    def set_option(self, name, value):
        """Sets seed, threads, digits, width or memory."""
        name, value = encoded(name, "a name"), encoded(str(value), "a value")
        self._ask(lambda: library.alea_set_option(self._pointer, name, value))

    def _set_progress(self, progress):
        if progress is None:
            self._callback = Progress()
        else:

            def report(phase, detail, fraction, _):
                return int(progress(phase.decode(), detail.decode(), None if fraction < 0 else fraction) is not False)

            self._callback = Progress(report)
        library.alea_set_progress(self._pointer, self._callback, None)

    # What came of it

    @property
    def expectations(self):
        """What the ``expect``s of the last call came to: ``{"passed": 3, "failed": [...]}``."""
        return self._expectations

    def cancel(self):
        """Stops the work of this session; may be called from any thread."""
        library.alea_cancel(self._pointer)

    def close(self):
        """Ends the session; answers that were taken from it stay."""
        self._finalizer()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __repr__(self):
        return f"<alea.Session {'open' if self._finalizer.alive else 'closed'}>"

    # Calls

    _expectations = {"passed": 0, "failed": []}

    def _asked(self, call):
        out = ctypes.c_void_p()
        self._ask(lambda: call(ctypes.byref(out)))
        return converted(Handle(out.value)) if out.value else None

    def _ask(self, call):
        status = self._wait(call)
        pointer = self._pointer
        printed = library.alea_output(pointer).decode()
        if printed and self._output is not None:
            self._output(printed)
        self.warnings = json.loads(library.alea_warnings(pointer))
        if self._finalizer.alive:
            self._expectations = json.loads(library.alea_expectations(pointer))
        if status != _library.OK:
            error = AleaCancelled if status == _library.CANCELLED else AleaError
            raise error(library.alea_error_text(pointer).decode(), json.loads(library.alea_errors(pointer)))

    def _wait(self, call):
        """Calls the library so that Control-C is heard meanwhile: signals reach Python only between its own instructions."""
        if threading.current_thread() is not threading.main_thread():
            return call()
        result = []
        # Thread.join takes a running thread for ended when it is interrupted (bpo-45274): wait for the event instead.
        done = threading.Event()

        def work():
            try:
                result.append(call())
            finally:
                done.set()

        threading.Thread(target=work, daemon=True).start()
        try:
            while not done.wait(0.05):
                pass
        except KeyboardInterrupt:
            while not done.is_set():
                self.cancel()
                done.wait(0.05)
            raise
        return result[0]
