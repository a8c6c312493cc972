"""LinUCB and Thompson sampling on a linear contextual bandit, by numpy: mean pseudo-regret and its standard error.

Two features drawn from the standard normal law, three arms with coefficients below, normal noise of deviation 0.5, 300 rounds. Every
round solves the ridge regressions anew.
"""
import numpy as np

theta = np.array([[1.0, 0.0], [0.0, 1.0], [-0.5, -0.5]])


def run(policy, replications=2000, rounds=300, seed=1):
    rng = np.random.default_rng(seed)
    regrets = []
    for _ in range(replications):
        gram = np.array([np.eye(2) for _ in range(3)])
        target = np.zeros((3, 2))
        regret = 0.0
        for _ in range(rounds):
            x = rng.standard_normal(2)
            inverse = np.linalg.inv(gram)
            mean = np.einsum("aij,aj,i->a", inverse, target, x)
            width = np.sqrt(np.einsum("i,aij,j->a", x, inverse, x))
            score = mean + width if policy == "ucb" else mean + 0.5 * width * rng.standard_normal(3)
            arm = int(np.argmax(score))
            means = theta @ x
            regret += means.max() - means[arm]
            gram[arm] += np.outer(x, x)
            target[arm] += (means[arm] + 0.5 * rng.standard_normal()) * x
        regrets.append(regret)
    regrets = np.array(regrets)
    return regrets.mean(), regrets.std(ddof=1) / np.sqrt(replications)


print("LinUCB(width: 1)", *run("ucb"))
print("LinTS(scale: 0.5)", *run("ts"))
