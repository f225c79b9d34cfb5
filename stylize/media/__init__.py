"""Pictures and movies, in and out.

In: `shot` opens a movie or a numbered sequence (`sequences`) and `plates` gives its frames by number; `companions`
finds the mattes and guides that accompany them. `decoder` decodes movies; `images` reads and writes pictures.
Out: `targets` are destinations of results, `codecs` how movies are encoded, `safe_write` puts files in place and
`stale_outputs` reports frames of earlier runs.
`clock` and `colour` are the arithmetic of time and of primaries.
"""
