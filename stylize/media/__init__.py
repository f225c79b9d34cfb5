"""Reading and writing of pictures and movies.

- Input: `opening` opens a `shot`: a movie or a numbered sequence (`sequences`). `plates` reads its frames by
  number. `companions` finds mattes and guides that accompany a shot. `decoder` decodes movies. `images` reads and
  writes pictures.
- Output: `targets` describes destinations, `codecs` the encoding of movies. `safe_write` writes files atomically.
  `stale_outputs` detects frames of earlier runs.
- Arithmetic: `clock` for time, `colour` for primaries.
"""
