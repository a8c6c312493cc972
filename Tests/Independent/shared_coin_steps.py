"""The shared coin of two processes (Aspnes and Herlihy 1990) from the words of the protocol, without any model file.

A process flips a coin (pc 0), moves the counter by what it flipped (pc 1), looks whether the counter is near an end (pc 2) and then
either decides or flips again; a process that has decided (pc 3) waits for the other. A step is a move of one process, chosen by the
scheduler; both together loop when both have decided. Prints the greatest probability that both have decided within 100 steps, and
the least, for K = 2, by exact backward induction in rational arithmetic.
"""
from fractions import Fraction
from functools import lru_cache

N, K = 2, 2
TOP, LEFT, RIGHT = 2 * (K + 1) * N, N, 2 * (K + 1) * N - N


def move(counter, process):
    """The outcomes of a move of one process: pairs of probability, counter and process."""
    pc, coin = process
    if pc == 0:
        return [(Fraction(1, 2), counter, (1, 0)), (Fraction(1, 2), counter, (1, 1))]
    if pc == 1:
        if coin == 0 and counter > 0:
            return [(Fraction(1), counter - 1, (2, 0))]
        if coin == 1 and counter < TOP:
            return [(Fraction(1), counter + 1, (2, 0))]
        return []
    if pc == 2:
        if counter <= LEFT:
            return [(Fraction(1), counter, (3, 0))]
        if counter >= RIGHT:
            return [(Fraction(1), counter, (3, 1))]
        return [(Fraction(1), counter, (0, coin))]
    return []


@lru_cache(maxsize=None)
def value(best, left, counter, a, b):
    if a[0] == 3 and b[0] == 3:
        return Fraction(1)
    if left == 0:
        return Fraction(0)
    options = []
    first = move(counter, a)
    second = move(counter, b)
    if first:
        options.append(sum(p * value(best, left - 1, c, x, b) for p, c, x in first))
    if second:
        options.append(sum(p * value(best, left - 1, c, a, x) for p, c, x in second))
    return best(options)


for best in (max, min):
    for steps in range(0, 101):
        result = value(best, steps, (K + 1) * N, (0, 0), (0, 0))
    print(best.__name__, float(result))
