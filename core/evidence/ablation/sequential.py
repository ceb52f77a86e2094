"""When enough seeds were trained: a group-sequential t test, its boundary, its intervals and its p-values. Trains nothing.

One looks at the paired differences after every seed from the least number on and stops as soon as their interval leaves out 0.
Looking again and again by an ordinary 95 % interval would raise many more false alarms than one in twenty, so the boundary is
wider, and the widest where little is known.
"""

import dataclasses
import functools

import numpy as np

from ...base.errors import CurationError

CONFIDENCE, POWER = 0.95, 0.8
_SHAPE = 0.25  # of Wang and Tsiatis: 0 is O'Brien and Fleming's, 1/2 is Pocock's
_DRAWS, _AT_ONCE, _SEED = 200_000, 20_000, 20_030_710


@dataclasses.dataclass(frozen=True)
class StopRule:
    """Look after every seed from `least` to `most`; with both the same it is one ordinary t test.

    The boundary is of Wang and Tsiatis' family (Biometrics 43, 1987) with the shape 1/4, between Pocock's and O'Brien and
    Fleming's: stop after n seeds where |z| >= c (n / most) ** (1/4 - 1/2). z is the normal score of the t statistic's two-sided
    p-value at n - 1 degrees of freedom (Pocock's significance-level approach, Biometrika 64, 1977; Jennison and Turnbull, Group
    Sequential Methods, 1999, section 4.4). c is found by simulating the joint distribution of the t statistics of all looks under
    no difference, from a fixed seed; it depends on `least` and `most` only, so false alarms are 5 % over all looks together for
    differences that are normal. `most` must be fixed beforehand. Intervals and p-values are repeated ones (Jennison and
    Turnbull, JRSS B 51, 1989): they hold at whatever look one stops, for any reason. Raises CurationError.
    """

    least: int
    most: int

    def __post_init__(self) -> None:
        if not 2 <= self.least <= self.most:
            raise CurationError(
                f"The seeds looked at are {self.least} to {self.most}; give 2 at least, and no fewer at most than at least."
            )

    @property
    def is_sequential(self) -> bool:
        """Whether it looks more than once."""
        return self.least < self.most

    def boundary(self, n: int) -> float:
        """Return the |t| of n paired differences from which on their interval leaves out 0. Raises CurationError: no look."""
        from scipy import special

        self._check(n)
        if not self.is_sequential:
            return float(special.stdtrit(n - 1.0, (1 + CONFIDENCE) / 2))
        z = _critical(self.least, self.most) / _weight(n, self.most)
        return float(-special.stdtrit(n - 1.0, special.ndtr(-z)))

    def p_value(self, t: float, n: int) -> float:
        """Return the repeated two-sided p-value of a t statistic of n paired differences; 5e-6 at least where it is simulated."""
        from scipy import special

        self._check(n)
        if np.isnan(t):
            return float("nan")
        tail = float(special.stdtr(n - 1.0, -abs(t)))
        if not self.is_sequential:
            return 2 * tail
        found = -special.ndtri(tail) * _weight(n, self.most)
        maxima = _maxima(self.least, self.most)
        above = len(maxima) - int(np.searchsorted(maxima, found))
        return (1 + above) / (1 + len(maxima))

    def least_detectable(self, sd: float, n: int) -> float:
        """Return the difference that n seeds show with 80 % power: (boundary(n) + t's 80 % point at n - 1) sd / sqrt(n).

        sd: of the paired differences.
        """
        from scipy import special

        return float((self.boundary(n) + special.stdtrit(n - 1.0, POWER)) * sd / np.sqrt(n))

    @property
    def words(self) -> str:
        """Return the rule in a sentence, for who reads a table."""
        if not self.is_sequential:
            return f"{self.least} seeds, fixed beforehand: paired t tests, 95 % intervals."
        return (
            f"Looked at after every seed from {self.least} to {self.most}: a group-sequential t test (Wang-Tsiatis boundary, shape "
            "1/4, calibrated by simulation), with repeated 95 % intervals, which are wider than those of a fixed number of seeds."
        )

    def _check(self, n: int) -> None:
        if not self.least <= n <= self.most:
            raise CurationError(f"There is no look after {n} seeds; looks are after {self.least} to {self.most}.")


def scores_of(differences: np.ndarray, least: int) -> np.ndarray:
    """Return (r, most - least + 1) normal scores |z| of the t statistics after least, …, most seeds. differences: (r, most)."""
    from scipy import special

    n = np.arange(1.0, differences.shape[1] + 1)
    means = differences.cumsum(axis=1) / n
    squares = (differences * differences).cumsum(axis=1) - n * means * means
    n, means, squares = n[least - 1 :], means[:, least - 1 :], squares[:, least - 1 :]
    t = np.abs(means) / np.sqrt(np.maximum(squares, 1e-300) / (n - 1) / n)
    return -special.ndtri(special.stdtr(n - 1, -t))


def _weight(n: int | np.ndarray, most: int) -> float | np.ndarray:
    return (np.asarray(n, float) / most) ** (0.5 - _SHAPE)


@functools.lru_cache(maxsize=32)
def _maxima(least: int, most: int) -> np.ndarray:
    """Return (_DRAWS,) ascending: the largest weighted score over all looks, of each of so many runs without a difference."""
    rng, weights = np.random.default_rng([_SEED, least, most]), _weight(np.arange(least, most + 1), most)
    draws = (rng.standard_normal((_AT_ONCE, most)) for _ in range(_DRAWS // _AT_ONCE))
    return np.sort(np.concatenate([(scores_of(some, least) * weights).max(axis=1) for some in draws]))


def _critical(least: int, most: int) -> float:
    """Return the least value whose p-value is 5 % at most."""
    maxima = _maxima(least, most)
    return float(maxima[len(maxima) + 1 - int((1 - CONFIDENCE) * (len(maxima) + 1) + 1e-9)])
