"""Alea in Python: models and questions as text, answers as NumPy arrays.

    >>> import alea
    >>> session = alea.Session()
    >>> best = session.run('''
    ...     mdp Coin {
    ...       state rich: Bool = false
    ...       action bet: {none, all}
    ...       win ~ Bernoulli(0.6)
    ...       rich' = if bet == all then win == 1 else rich
    ...       reward if rich then 1 else 0
    ...       discount 0.9
    ...     }
    ...     solve(Coin)
    ... ''')
    >>> float(round(best.value.at(rich=True), 6))
    10.0
"""

from ._answers import Answer, StateArray
from ._library import AleaCancelled, AleaError, library_path, version
from ._session import Session

__all__ = ["AleaCancelled", "AleaError", "Answer", "Session", "StateArray", "library_path", "version"]
__version__ = "0.1.0"
