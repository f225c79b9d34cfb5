// Panel of compare.

export function startCompare() {}
