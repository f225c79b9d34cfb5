// The pictures that are compared, by kind. The kinds "plate", "result" and "key" are those of the displayed part; others
// are chosen in the panel, and have an address and a name of their own.

const others = new Map();

// Make a kind of a source that the server has listed, and return it. It has no slash, which separates parts of names.
export function kindOf(source, project) {
  const { project: id, part, kind, version } = source;
  if (id === project.id && part === project.part && !version) return kind;
  const name = [id, part, kind, version].map(encodeURIComponent).join("|");
  others.set(name, source);
  return name;
}

// Beginning of the address of a picture of another source, up to its width; undefined for a kind of the displayed part.
export function addressOf(kind, frame) {
  const source = others.get(kind);
  if (!source) return undefined;
  const path = source.version ? `version/${encodeURIComponent(source.version)}/picture` : `picture/${source.kind}`;
  return `/api/project/${source.project}/${path}/${frame}?part=${encodeURIComponent(source.part)}&`;
}

// Name of a kind within a sentence.
export function nameOfKind(kind) {
  const source = others.get(kind);
  return source ? `picture in ${source.label}` : kind;
}
