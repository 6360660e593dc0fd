"""Golden values of the drift statistics, computed by SciPy 1.10.1 and NumPy 1.24.2 (Debian 12: apt-get install python3-scipy).

Run in this folder, with no arguments:  /usr/bin/python3 scipy_golden.py > scipy.json
Inputs are stored beside the results, so that the test needs no Python. Numbers are written with 17 digits.
"""
import json

import numpy
import scipy
from scipy import special, stats

random = numpy.random.default_rng(20240501)


def ks(a, b):
    result = stats.ks_2samp(a, b, method="exact")
    limit = stats.kstwobign.sf(result.statistic * numpy.sqrt(len(a) * len(b) / (len(a) + len(b))))
    return {"a": list(a), "b": list(b), "statistic": result.statistic, "exact": result.pvalue, "limit": limit}


def chi_square(table):
    statistic, p, degrees, expected = stats.chi2_contingency(table, correction=False)
    return {"table": table, "statistic": statistic, "degrees": int(degrees), "p": p, "cramersV": stats.contingency.association(numpy.array(table)),
            "smallestExpected": float(expected.min())}


def proportions(k, n, l, m):
    # Without Yates' correction, chi-square of the two-by-two table is the square of z.
    statistic, p, _, _ = stats.chi2_contingency([[k, n - k], [l, m - l]], correction=False)
    z = numpy.sqrt(statistic) * numpy.sign(l / m - k / n)
    return {"k": k, "n": n, "l": l, "m": m, "z": z, "p": p, "h": 2 * numpy.arcsin(numpy.sqrt(l / m)) - 2 * numpy.arcsin(numpy.sqrt(k / n))}


def correlation(r, n, s, m):
    z = (numpy.arctanh(s) - numpy.arctanh(r)) / numpy.sqrt(1 / (n - 3) + 1 / (m - 3))
    return {"r": r, "n": n, "s": s, "m": m, "z": z, "p": 2 * stats.norm.sf(abs(z))}


def psi(reference, current):
    p = (numpy.array(reference) + 0.5) / (sum(reference) + 0.5 * len(reference))
    q = (numpy.array(current) + 0.5) / (sum(current) + 0.5 * len(current))
    index = float((special.rel_entr(p, q) + special.rel_entr(q, p)).sum())
    scale = 1 / sum(reference) + 1 / sum(current)
    return {"reference": reference, "current": current, "index": index, "p": stats.chi2.sf(index / scale, len(reference) - 1)}


def normal(n, mean=0.0):
    return (random.standard_normal(n) + mean).tolist()


samples = [
    ([0.5], [0.25]), ([1, 2, 3], [1, 2, 3]), ([1, 1, 2, 2], [2, 2, 2, 3, 3]), (normal(7), normal(7)), (normal(20), normal(30, 0.8)),
    (normal(64), normal(48)), (normal(100), normal(100, 0.5)), (normal(97), normal(211, 0.3)), (normal(40), normal(60, 5)),
    (numpy.round(normal(150), 1).tolist(), numpy.round(normal(250, 0.2), 1).tolist()), (normal(500), normal(750, 0.4)), (normal(400), normal(400, 1.2)),
]
degrees = [0.5, 1, 2, 3, 4.5, 7, 9, 10, 19, 33, 64.5, 100, 255, 500, 2000]
print(json.dumps({
    "scipy": scipy.__version__,
    "numpy": numpy.__version__,
    "kolmogorovSmirnov": [ks(a, b) for a, b in samples],
    "chiSquare": [chi_square(table) for table in [
        [[10, 20], [30, 40]], [[10, 20, 30], [6, 9, 17]], [[100, 0, 50], [90, 1, 80]], [[1500, 320, 80, 12], [400, 160, 20, 9]],
        [[5, 6, 7], [8, 9, 10], [11, 12, 14]], [[5000, 5000], [1000, 4000]],
        random.integers(1, 400, size=(2, 12)).tolist(), random.integers(1, 60, size=(4, 7)).tolist()]],
    "proportions": [proportions(*case) for case in [(300, 1500, 170, 500), (75, 1500, 75, 500), (1, 1500, 12, 500), (200, 1000, 200, 1000), (0, 900, 40, 300), (990, 1000, 400, 500)]],
    "correlation": [correlation(*case) for case in [(0.6, 1500, 0.2, 500), (0.0, 400, 0.05, 300), (-0.4, 100, -0.35, 120), (0.99, 1000, 0.98, 1000), (0.5, 10000, -0.5, 10000)]],
    "psi": [psi(*case) for case in [([150] * 10, [50] * 10), ([150] * 10, [20, 25, 30, 40, 45, 50, 55, 65, 80, 90]), ([1000, 500, 0], [100, 80, 20]), ([700, 800], [300, 200])]],
    "normalTail": [{"x": x, "p": stats.norm.sf(x)} for x in [-8, -1, 0, 0.1, 0.5, 1, 1.6448536269514722, 3, 5, 8, 12, 20, 30, 37]],
    "chiSquareTail": [{"degrees": d, "x": x, "p": stats.chi2.sf(x, d), "quantile": stats.chi2.isf(0.05, d)}
                      for d in degrees for x in [d * f for f in (0.01, 0.3, 0.9, 1, 1.1, 2, 5, 20)] if stats.chi2.sf(x, d) > 1e-290],
    "kolmogorovTail": [{"x": x, "p": stats.kstwobign.sf(x)} for x in [0.05, 0.2, 0.3, 0.5, 0.8, 0.82, 1, 1.2, 1.36, 1.6, 2, 3, 5, 10, 18]],
}, indent=None, separators=(",", ":")).replace('},{', '},\n{'))
