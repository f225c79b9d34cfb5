// Panel of settings.

export function startSettings() {}
