// SPDX-License-Identifier: BSL-1.0
// Waiting.

/** Is done after so many milliseconds. */
export const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
