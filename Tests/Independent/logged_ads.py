"""Off-policy estimates of Examples/logged_ads.alea from its log, in plain numpy."""
from pathlib import Path

import numpy as np

rows = np.genfromtxt(Path(__file__).parents[2] / "Examples" / "data" / "ads.csv", delimiter=",", names=True)
n = len(rows)
x, a, r, p = np.column_stack([rows["x0"], rows["x1"]]), rows["ad"].astype(int), rows["reward"], rows["p"]
target = np.where((x[:, :1] > 0) == (np.arange(10)[None] < 5), 0.2, 0.0)
w = target[np.arange(n), a] / p
se = lambda v: v.std(ddof=1) / n ** 0.5
print("effective size", w.sum() ** 2 / (w ** 2).sum(), "largest", w.max())
print("InversePropensity", (w * r).mean(), se(w * r))
print("clipped at 2", (np.minimum(w, 2) * r).mean(), se(np.minimum(w, 2) * r))
value = (w * r).sum() / w.sum()
print("SelfNormalized", value, ((w * (r - value) / w.mean()) ** 2).mean() ** 0.5 / n ** 0.5)
features = np.column_stack([np.ones(n), x])
q = np.column_stack([features @ np.linalg.lstsq(features[a == k], r[a == k], rcond=None)[0] for k in range(10)])
direct = (target * q).sum(1)
print("DirectMethod", direct.mean())
taken = q[np.arange(n), a]
for name, weight in [("DoublyRobust", w), ("Switch 2", w * (w <= 2)), ("Shrinkage 5", 5 * w / (w ** 2 + 5))]:
    rounds = direct + weight * (r - taken)
    print(name, rounds.mean(), se(rounds))
miss = (w * (r - taken)).sum() / w.sum()
influence = direct - direct.mean() + w / w.mean() * (r - taken - miss)
print("weighted DoublyRobust", direct.mean() + miss, (influence ** 2).mean() ** 0.5 / n ** 0.5)
