// Panel of notes.

export function startNotes() {}
