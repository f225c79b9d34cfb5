// Panel of mattes.

export function startMattes() {}
