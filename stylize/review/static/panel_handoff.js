// Panel of handoff.

export function startHandoff() {}
