"""Blackjack as Sutton and Barto state it (example 5.1): infinite deck, hit or stick. Exact fractions, by recursion."""
from fractions import Fraction as F
from functools import cache

CARD = {c: F(4 if c == 10 else 1, 13) for c in range(1, 11)}  # an ace is 1


def best_total(hard, ace):
    """What a hand is worth: an ace counts 11 where that does not bust."""
    return hard + 10 if ace and hard + 10 <= 21 else hard


@cache
def dealer(hard, ace):
    """The law of the dealer's final total (22 for bust) from a hand; the dealer sticks on 17 or more."""
    total = best_total(hard, ace)
    if total >= 17:
        return {min(total, 22): F(1)}
    out = {}
    for c, p in CARD.items():
        for t, q in dealer(hard + c, ace or c == 1).items():
            out[t] = out.get(t, 0) + p * q
    return out


@cache
def stick(total, up):
    law = dealer(up, up == 1)
    return sum(p * (1 if t == 22 or t < total else -1 if t > total else 0) for t, p in law.items())


@cache
def value(hard, ace, up):
    return max(stick(best_total(hard, ace), up), hit(hard, ace, up))


@cache
def hit(hard, ace, up):
    return sum(p * (F(-1) if hard + c > 21 else value(hard + c, ace or c == 1, up)) for c, p in CARD.items())


game = F(0)
for a, p in CARD.items():
    for b, q in CARD.items():
        for up, r in CARD.items():
            if {a, b} == {1, 10}:  # a natural wins unless the dealer has one too
                game += p * q * r * (1 - (CARD[10] if up == 1 else CARD[1] if up == 10 else 0))
            else:
                game += p * q * r * value(a + b, 1 in (a, b), up)
print("value of the game", float(game))
for ace in (False, True):
    print("usable ace" if ace else "no usable ace", "- rows 21 down to 12 (11), columns: dealer ace, 2..10; S stick, H hit")
    for total in range(21, 10, -1):
        if ace and total == 11:
            continue
        hard = total - 10 if ace else total
        print(f"  {total}", " ".join("S" if stick(total, u) > hit(hard, ace, u) else "H" for u in range(1, 11)))
gap = min((abs(stick(t, u) - hit(t - 10 if ace else t, ace, u)), t, ace, u)
          for ace in (False, True) for t in range(12, 22) for u in range(1, 11))
print("closest decision", float(gap[0]), gap[1:])
print("value(hard 16 against 10)", float(value(16, False, 10)), "value(20 against 10)", float(value(20, False, 10)))
print("value(soft 18 against ace)", float(value(8, True, 1)), "stick", float(stick(18, 1)), "hit", float(hit(8, True, 1)))
