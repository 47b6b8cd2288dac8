/** Milliseconds since the Unix epoch, as the kernel tells time: max(last logged, wall clock), never going back. */
export type Instant = number & { readonly brand: "Instant" };

/** The only cast: `ms` must be a finite, non-negative number of milliseconds. */
export const instant = (ms: number): Instant => ms as Instant;

export const later = (from: Instant, ms: number): Instant => (from + ms) as Instant;

export const latest = (a: Instant, b: Instant): Instant => (a > b ? a : b);
