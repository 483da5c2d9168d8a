"""Walks from a reference patient to a patient, compiled for scorers whose first layer is a sum over variables.

One step changes the sum by one variable's part, so that a walk needs no scoring of half-swapped patients. Imported only
when such a scorer is explained.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinecast.explanation.compiled import compiled

__all__ = ["walk_network", "walk_waves"]

FloatArray = NDArray[np.float64]


@compiled
def walk_waves(
    cosines: FloatArray,
    sines: FloatArray,
    start_real: FloatArray,
    start_imaginary: FloatArray,
    back_real: FloatArray,
    back_imaginary: FloatArray,
    orders: NDArray[np.int64],
) -> FloatArray:
    """Mean change of a sum of waves at each variable's step.

    A wave is the real part of a number that each variable turns by its part of the angle; the wave's weight is in the
    number the walk starts from.

    Parameters
    ----------
    cosines, sines : ndarray, shape (variables, waves)
        Of each variable's part of the patient's angles.
    start_real, start_imaginary : ndarray, shape (references, waves)
        The weighted number of each reference patient.
    back_real, back_imaginary : ndarray, shape (references, variables, waves)
        What turns each variable's part of a reference patient's angle back.
    orders : ndarray of int64, shape (2 * references, variables)
        Order ``2 r`` and ``2 r + 1`` start from reference r.

    Returns
    -------
    ndarray, shape (variables,)
    """
    references, variables, waves = back_real.shape
    turn_real, turn_imaginary = np.empty((variables, waves)), np.empty((variables, waves))
    moved = np.zeros((variables, waves))
    real, imaginary = np.empty(waves), np.empty(waves)
    for reference in range(references):
        for one in range(variables):
            for wave in range(waves):
                cosine, sine = cosines[one, wave], sines[one, wave]
                back, aside = back_real[reference, one, wave], back_imaginary[reference, one, wave]
                turn_real[one, wave] = cosine * back - sine * aside
                turn_imaginary[one, wave] = cosine * aside + sine * back
        for walk in range(2 * reference, 2 * reference + 2):
            for wave in range(waves):
                real[wave], imaginary[wave] = start_real[reference, wave], start_imaginary[reference, wave]
            for step in range(variables):
                one = orders[walk, step]
                for wave in range(waves):
                    before, aside = real[wave], imaginary[wave]
                    after = before * turn_real[one, wave] - aside * turn_imaginary[one, wave]
                    imaginary[wave] = before * turn_imaginary[one, wave] + aside * turn_real[one, wave]
                    real[wave] = after
                    moved[one, wave] += after - before
    return _means(moved, 2 * references)


@compiled
def walk_network(
    parts: FloatArray, start: FloatArray, reference_parts: FloatArray, output: FloatArray, orders: NDArray[np.int64]
) -> FloatArray:
    """Mean change of a network's score at each variable's step.

    Parameters
    ----------
    parts : ndarray, shape (variables, units)
        What each variable of the patient adds to each hidden unit.
    start : ndarray, shape (references, units)
        The units of each reference patient before they are rectified.
    reference_parts : ndarray, shape (references, variables, units)
    output : ndarray, shape (units,)
    orders : ndarray of int64, shape (2 * references, variables)
        As in :func:`walk_waves`.

    Returns
    -------
    ndarray, shape (variables,)
    """
    references, variables, units = reference_parts.shape
    moved, unit = np.zeros((variables, units)), np.empty(units)
    for walk in range(len(orders)):
        reference = walk // 2
        unit[:] = start[reference]
        for step in range(variables):
            one = orders[walk, step]
            for k in range(units):
                before = unit[k]
                after = before + (parts[one, k] - reference_parts[reference, one, k])
                moved[one, k] += (max(after, 0.0) - max(before, 0.0)) * output[k]
                unit[k] = after
    return _means(moved, 2 * references)


@compiled
def _means(moved: FloatArray, walks: int) -> FloatArray:
    found = np.zeros(len(moved))
    for one in range(len(moved)):
        for k in range(moved.shape[1]):
            found[one] += moved[one, k]
    return found / walks
