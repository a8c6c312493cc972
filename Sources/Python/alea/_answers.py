"""Values of the language as Python objects: numbers, lists, records, answers with NumPy arrays."""

import ctypes
import json
import keyword

import numpy as np

from . import _library
from ._library import ARRAY, BOOLEAN, INTEGER, NOTHING, OBJECT, REAL, RECORD, TEXT, Array, library

_ELEMENTS = {1: ctypes.c_double, 2: ctypes.c_int64, 3: ctypes.c_int32, 4: ctypes.c_uint8}


def shared_array(handle, name):
    """An array of a value over the value's own memory, which it keeps alive; None where there is none of that name.

    Positions in a list of names become those names, by a copy.
    """
    found = Array()
    if library.alea_value_array(handle.pointer, name.encode(), ctypes.byref(found)) != _library.OK:
        return None
    shape = tuple(found.shape[: found.rank])
    count = int(np.prod(shape))
    memory = (_ELEMENTS[found.element] * count).from_address(found.data) if count else (_ELEMENTS[found.element] * 0)()
    memory.owner = handle
    array = np.frombuffer(memory, dtype=memory._type_, count=count).reshape(shape)
    if found.element == 4:
        array = array.view(np.bool_)
    array.flags.writeable = False
    if found.labels is None:
        return array
    names = json.loads(found.labels)
    return np.array([*names, ""], dtype=str)[array]


class StateArray(np.ndarray):
    """What an answer says about every state: an array that knows its states.

    ``array[i]`` and all of NumPy work as on any array; ``array["stock"]`` is the value of a state variable along it,
    ``array.at(stock=3)`` the entry of one state, ``array.table`` a structured array of states and entries. Where entries depend on the
    step, the first axis counts the steps.
    """

    def __new__(cls, array, states, name):
        result = np.asarray(array).view(cls)
        result._states = states
        result._name = name
        return result

    def __array_finalize__(self, source):
        self._states = None
        self._name = getattr(source, "_name", None)
        states = getattr(source, "_states", None)
        # A part of the array is an array like any other.
        if states is not None and self.ndim and self.shape[-1] == len(states[next(iter(states))]) and self.shape == source.shape:
            self._states = states

    def __reduce__(self):
        return np.asarray(self).__reduce__()

    @property
    def names(self):
        """The state variables."""
        return tuple(self._states or ())

    @property
    def states(self):
        """The states as a structured array with a field for each state variable."""
        return structured(self._states or {})

    @property
    def table(self):
        """States and entries as a structured array; only for entries that do not depend on the step."""
        if self.ndim != 1:
            raise ValueError("the entries depend on the step: take one, as in `array[0]`")
        entries = np.asarray(self)
        own = {n: entries[n] for n in entries.dtype.names} if entries.dtype.names else {self._name or "value": entries}
        return structured({**(self._states or {}), **own})

    def at(self, step=None, **state):
        """The entry of one state: ``at(stock=3)``, ``at(stock=3, step=2)``."""
        if not self._states:
            raise KeyError("this array no longer knows its states")
        unknown = [name for name in state if name not in self._states]
        missing = [name for name in self._states if name not in state]
        if unknown or missing:
            raise KeyError(
                f"a state is given by {', '.join(self._states)}"
                + (f"; unknown: {', '.join(unknown)}" if unknown else "")
                + (f"; missing: {', '.join(missing)}" if missing else "")
            )
        match = np.ones(len(next(iter(self._states.values()))), dtype=bool)
        for name, value in state.items():
            match &= self._states[name] == value
        place = np.flatnonzero(match)
        if len(place) != 1:
            words = ", ".join(f"{name}={value!r}" for name, value in state.items())
            raise KeyError(f"there is no state with {words}")
        entries = np.asarray(self)
        if entries.ndim == 1:
            return entries[place[0]]
        return entries[0 if step is None else step, place[0]]

    def __getitem__(self, index):
        if isinstance(index, str):
            if self._states and index in self._states:
                return self._states[index]
            if self.dtype.names and index in self.dtype.names:
                return np.asarray(self)[index]
            raise KeyError(f"`{index}` is not a state variable; they are {', '.join(self.names)}")
        return super().__getitem__(index)

    def __repr__(self):
        if not self._states:
            return repr(np.asarray(self))
        head = f"{self._name or 'value'} of {self.shape[-1]} states ({', '.join(self._states)})"
        if self.ndim == 2:
            head += f", {self.shape[0]} steps; the first:"
        entries = np.asarray(self if self.ndim == 1 else super().__getitem__(0))
        rows = range(len(entries)) if len(entries) <= 12 else [*range(6), None, *range(len(entries) - 5, len(entries))]
        lines = []
        for row in rows:
            if row is None:
                lines.append("  ...")
                continue
            state = ", ".join(f"{name}={_plain(values[row])}" for name, values in self._states.items())
            lines.append(f"  {state}: {_plain(entries[row])}")
        return "\n".join([head, *lines])


def _plain(value):
    if isinstance(value, np.void):
        return ", ".join(f"{name}={_plain(value[name])}" for name in value.dtype.names)
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    return str(value)


def structured(columns):
    """Columns of one length as a structured array."""
    columns = {name: np.asarray(values) for name, values in columns.items()}
    length = len(next(iter(columns.values()))) if columns else 0
    result = np.empty(length, dtype=[(name, values.dtype) for name, values in columns.items()])
    for name, values in columns.items():
        result[name] = values
    return result


def python_name(name):
    """A name of the language as a Python attribute: ``lambda`` becomes ``lambda_``."""
    return name + "_" if keyword.iskeyword(name) else name


class Record(dict):
    """Values by name, also as attributes."""

    def __getattr__(self, name):
        if name in self:
            return self[name]
        if name.endswith("_") and name[:-1] in self:
            return self[name[:-1]]
        raise AttributeError(f"there is no `{name}`; the names are {', '.join(self)}")

    def __dir__(self):
        return [*super().__dir__(), *(python_name(name) for name in self)]


class Answer:
    """An answer, a table, a model: its members are attributes, its numbers NumPy arrays, its text what the language prints."""

    def __init__(self, handle):
        self._handle = handle
        self._cache = {}

    @property
    def type_name(self):
        """What it is, in the words of the language: ``"a solution"``."""
        return self._handle.type_name()

    @property
    def json(self):
        """The answer in full, as the dictionaries and lists of its JSON form."""
        return self._handle.json()

    @property
    def arrays(self):
        """The names that :meth:`array` knows."""
        return self._handle.arrays()

    def array(self, name):
        """An array of numbers by its name in ``arrays``, over the answer's own memory."""
        found = shared_array(self._handle, name)
        if found is None:
            raise KeyError(f"{self.type_name} has no array `{name}`; it has {', '.join(self.arrays) or 'none'}")
        return found

    @property
    def states(self):
        """The states as a structured array with a field for each state variable; of a size, how many there are."""
        own = self._handle.member("states")
        return structured(self._states()) if own is None else converted(own)

    def table(self):
        """States, values, and actions (where there are any) as one structured array; the columns of a table of data."""
        if self.type_name == "a table":
            return structured({name: self.array(name) for name in self.arrays})
        columns = dict(self._states())
        for name in ("value", "policy"):
            try:
                part = getattr(self, name)
            except AttributeError:
                continue
            if not isinstance(part, StateArray):
                continue
            entries = np.asarray(part if part.ndim == 1 else part[0])
            if entries.dtype.names:
                columns.update({field: entries[field] for field in entries.dtype.names})
            else:
                columns[part._name] = entries
        return structured(columns)

    def _states(self):
        if "states" not in self._cache:
            self._cache["states"] = {
                name[6:]: self.array(name) for name in self.arrays if name.startswith("state.")
            }
        return self._cache["states"]

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        cache = self.__dict__.get("_cache", {})
        if name in cache:
            return cache[name]
        found = self._handle.member(name)
        if found is None and name.endswith("_"):
            found = self._handle.member(name[:-1])
        if found is None:
            names = ", ".join(member["name"] for member in self._handle.members())
            raise AttributeError(f"{self.type_name} has no `{name}`" + (f"; it has {names}" if names else ""))
        cache[name] = converted(found)
        return cache[name]

    def __dir__(self):
        return [*super().__dir__(), *(python_name(member["name"]) for member in self._handle.members())]

    def __repr__(self):
        return self._handle.text()

    __str__ = __repr__


def state_array(handle):
    """A function of the state or a policy as an array that knows its states."""
    names = handle.arrays()
    states = {name[6:]: shared_array(handle, name) for name in names if name.startswith("state.")}
    actions = [name for name in names if name.startswith("action.")]
    if not actions:
        numbers = shared_array(handle, "" if "" in names else "choice")
        return StateArray(numbers, states, "value")
    columns = {name[7:]: shared_array(handle, name) for name in actions}
    if len(columns) == 1:
        name, values = next(iter(columns.items()))
        return StateArray(values, states, name)
    first = next(iter(columns.values()))
    entries = np.empty(first.shape, dtype=[(name, values.dtype) for name, values in columns.items()])
    for name, values in columns.items():
        entries[name] = values
    return StateArray(entries, states, "action")


def converted(handle):
    """The Python object for a value."""
    kind = handle.kind()
    if kind == NOTHING:
        return None
    if kind == BOOLEAN:
        return handle.number() != 0
    if kind == INTEGER:
        return handle.json()
    if kind == REAL:
        return handle.number()
    if kind == TEXT:
        return handle.json()
    if kind == ARRAY:
        array = shared_array(handle, "")
        if array is not None and array.size:
            return array
        return [converted(handle.element(position)) for position in range(handle.count())]
    if kind == RECORD:
        return Record((member["name"], converted(handle.member(member["name"]))) for member in handle.members())
    if kind == OBJECT:
        if handle.type_name() in ("a function of the state", "a policy") and any(
            name.startswith("state.") for name in handle.arrays()
        ):
            return state_array(handle)
        if handle.type_name() == "a column":
            return shared_array(handle, "")
        return Answer(handle)
    return handle.text()
